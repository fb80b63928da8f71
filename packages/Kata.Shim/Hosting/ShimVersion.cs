namespace Kata.Shim.Hosting;

/// <summary>The version of this build.</summary>
internal static class ShimVersion
{
    private static readonly string[] Parts = ThisAssembly.AssemblyInformationalVersion.Split('+');

    internal static string Version => Parts[0];

    internal static string Commit => Parts.Length > 1 ? Parts[1] : "unknown";
}
