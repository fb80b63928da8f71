namespace Kata.Shim.Hosting;

/// <summary>What the process was started for.</summary>
internal enum ShimAction
{
    /// <summary>Print the flags.</summary>
    Help,

    /// <summary>Print the version.</summary>
    Version,

    /// <summary>Print a <c>RuntimeInfo</c> message.</summary>
    Info,

    /// <summary>Make sure that a daemon serves this container and print its address.</summary>
    Start,

    /// <summary>Remove what a container left behind.</summary>
    Delete,

    /// <summary>Serve: how <see cref="Start"/> runs the daemon; never used by containerd.</summary>
    Serve,
}
