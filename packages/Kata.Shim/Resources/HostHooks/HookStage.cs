namespace Kata.Shim.Resources.HostHooks;

/// <summary>When hooks run on the host.</summary>
internal enum HookStage
{
    /// <summary>After the VM was started, before the container is created.</summary>
    Prestart,

    /// <summary>As <see cref="Prestart"/>, right after those.</summary>
    CreateRuntime,

    /// <summary>Before each container is created, in the sandbox's network namespace.</summary>
    CreateContainer,

    /// <summary>After the container's process runs.</summary>
    Poststart,

    /// <summary>After the container was deleted.</summary>
    Poststop,
}
