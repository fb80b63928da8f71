namespace Kata.Protocols.Containerd.Events;

/// <summary>A container exists but does not run yet.</summary>
public sealed partial class TaskCreate : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskCreate";

    /// <inheritdoc/>
    public static string Topic => "/tasks/create";
}

/// <summary>A container's init process runs.</summary>
public sealed partial class TaskStart : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskStart";

    /// <inheritdoc/>
    public static string Topic => "/tasks/start";
}

/// <summary>A process ended.</summary>
public sealed partial class TaskExit : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskExit";

    /// <inheritdoc/>
    public static string Topic => "/tasks/exit";
}

/// <summary>A container was deleted.</summary>
public sealed partial class TaskDelete : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskDelete";

    /// <inheritdoc/>
    public static string Topic => "/tasks/delete";
}

/// <summary>An exec was reserved.</summary>
public sealed partial class TaskExecAdded : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskExecAdded";

    /// <inheritdoc/>
    public static string Topic => "/tasks/exec-added";
}

/// <summary>An exec runs.</summary>
public sealed partial class TaskExecStarted : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskExecStarted";

    /// <inheritdoc/>
    public static string Topic => "/tasks/exec-started";
}

/// <summary>The kernel killed a process of a container for memory.</summary>
public sealed partial class TaskOOM : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskOOM";

    /// <inheritdoc/>
    public static string Topic => "/tasks/oom";
}

/// <summary>A container was paused.</summary>
public sealed partial class TaskPaused : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskPaused";

    /// <inheritdoc/>
    public static string Topic => "/tasks/paused";
}

/// <summary>A container runs again.</summary>
public sealed partial class TaskResumed : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskResumed";

    /// <inheritdoc/>
    public static string Topic => "/tasks/resumed";
}

/// <summary>A container was checkpointed.</summary>
public sealed partial class TaskCheckpointed : ITaskEvent
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.events.TaskCheckpointed";

    /// <inheritdoc/>
    public static string Topic => "/tasks/checkpointed";
}
