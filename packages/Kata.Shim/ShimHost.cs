using Kata.Shim.Hosting;

namespace Kata.Shim;

/// <summary>The entry point of a containerd shim.</summary>
/// <example>A whole shim: <code>return await Kata.Shim.ShimHost.RunAsync(args);</code></example>
public static class ShimHost
{
    /// <summary>
    /// Does what containerd's arguments ask for, with the hypervisors whose packages the project references. Call it first thing on the
    /// main thread.
    /// </summary>
    /// <returns>The exit code of the process.</returns>
    public static Task<int> RunAsync(string[] args) => CreateBuilder(args).RunAsync();

    /// <summary>Makes a shim to which hypervisors can be added in code.</summary>
    public static ShimHostBuilder CreateBuilder(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return new ShimHostBuilder(args);
    }
}
