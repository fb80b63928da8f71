namespace Kata.Linux.Tests.Support;

/// <summary>A network namespace for one test.</summary>
internal static class NetworkSandbox
{
    /// <summary>Runs a test in a new one, with TAP devices at hand.</summary>
    public static void Run(Action test)
    {
        if (!File.Exists("/dev/net/tun") || CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root and /dev/net/tun");
        Namespaces.RunInNew(NamespaceKinds.Network, () =>
        {
            test();
            return true;
        });
    }
}
