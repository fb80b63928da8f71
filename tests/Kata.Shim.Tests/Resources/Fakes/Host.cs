using Kata.Linux;

namespace Kata.Shim.Tests.Resources.Fakes;

/// <summary>What tests need of the machine they run on.</summary>
internal static class Host
{
    /// <summary>Debian's virtiofsd of the QEMU package.</summary>
    public const string VirtioFsDaemon = "/usr/lib/qemu/virtiofsd";

    public static void NeedsRoot()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
    }

    public static void Needs(string path)
    {
        if (!File.Exists(path))
            Assert.Inconclusive($"needs {path}");
    }

    /// <summary>Runs a program to its end; it must succeed.</summary>
    public static async Task RunAsync(string path, params string[] arguments)
    {
        Needs(path);
        using var child = ChildProcess.Start(new ChildProcessOptions { Path = path, Arguments = arguments });
        var status = await child.Exited;
        Assert.AreEqual(0, status.ShellCode, $"{path} {string.Join(' ', arguments)}");
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var attempt = 0; !condition(); attempt++)
        {
            Assert.IsLessThan(1000, attempt, what);
            await Task.Delay(10);
        }
    }
}
