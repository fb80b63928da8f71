namespace Kata.Linux.Tests.Mounts;

/// <summary>Runs a test on a thread with a mount namespace of its own and a fresh directory.</summary>
internal static class MountNamespace
{
    public static void Run(Action<string> test)
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        var directory = Directory.CreateTempSubdirectory("kata-mounts-").FullName;
        try
        {
            Namespaces.RunInNew(NamespaceKinds.Mount, () =>
            {
                MountPoint.SetPropagation("/", MountFlags.Private | MountFlags.Recursive);
                test(directory);
                return true;
            });
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
