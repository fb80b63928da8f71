namespace Kata.Guest.Image;

/// <summary>Where things are in the guest image: what the builder writes and the agent reads.</summary>
internal static class GuestImageLayout
{
    /// <summary>The agent, started by the kernel as PID 1.</summary>
    public const string Agent = "/init";

    /// <summary>The OCI runtime that the agent hands containers to.</summary>
    public const string Crun = "/usr/bin/crun";

    /// <summary>
    /// The modules to load at boot: absolute paths, one a line, in load order. A line never names a module before what it depends on.
    /// </summary>
    public const string BootModules = "/etc/kata/modules";

    /// <summary>The directory of a kernel's modules; the kernel release is its only entry.</summary>
    public const string ModulesRoot = "/lib/modules";

    /// <summary>
    /// In <c>/lib/modules/RELEASE/</c>, every module of the image in kmod's format, <c>PATH: DEPENDENCY…</c>, paths relative to that
    /// directory. Dependencies are transitive and are loaded from the last to the first.
    /// </summary>
    public const string ModuleDependencies = "modules.dep";

    /// <summary>In <c>/lib/modules/RELEASE/</c>, the paths of the wanted modules that are part of the kernel itself.</summary>
    public const string BuiltinModules = "modules.builtin";
}
