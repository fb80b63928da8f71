namespace Kata.Linux.Tests.Mounts;

[TestClass]
public sealed class MountTreeTests
{
    [TestMethod]
    public void AttachTo_Clone_ShowsTheSameFiles() => MountNamespace.Run(directory =>
    {
        var (source, target) = TwoDirectories(directory);
        File.WriteAllText($"{source}/file", "text");
        using (var file = FileDescriptors.Open(source, OpenFlags.Path))
        using (var tree = MountTree.Clone(file, recursive: false))
            tree.AttachTo(target);
        Assert.AreEqual("text", File.ReadAllText($"{target}/file"));
        File.WriteAllText($"{target}/back", "");
        Assert.IsTrue(File.Exists($"{source}/back"));
    });

    [TestMethod]
    public void SetReadOnly_SharedParent_PropagatedCopyIsReadOnlyToo() => MountNamespace.Run(directory =>
    {
        var (source, shared) = TwoDirectories(directory);
        Directory.CreateDirectory($"{source}/nested");
        MountPoint.Mount("tmpfs", $"{source}/nested", "tmpfs");
        Directory.CreateDirectory($"{shared}/target");
        MountPoint.Bind(shared, shared);
        MountPoint.SetPropagation(shared, MountFlags.Shared);
        var peer = Directory.CreateDirectory($"{directory}/peer").FullName;
        MountPoint.Bind(shared, peer);

        using (var file = FileDescriptors.Open(source, OpenFlags.Path))
        using (var tree = MountTree.Clone(file, recursive: true))
        {
            tree.SetPropagation(MountFlags.Slave);
            tree.SetReadOnly();
            tree.AttachTo($"{shared}/target");
        }

        foreach (var path in (string[])[$"{shared}/target/x", $"{peer}/target/x", $"{peer}/target/nested/x"])
            Assert.ThrowsExactly<IOException>(() => File.WriteAllText(path, ""), path);
        File.WriteAllText($"{source}/x", "");
        Assert.IsTrue(File.Exists($"{peer}/target/x"));
    });

    [TestMethod]
    public void AttachTo_FileReplacedAfterItWasOpened_ShowsTheOpenedOne() => MountNamespace.Run(directory =>
    {
        File.WriteAllText($"{directory}/source", "opened");
        File.WriteAllText($"{directory}/target", "");
        using (var file = FileDescriptors.Open($"{directory}/source", OpenFlags.Path))
        {
            File.Move($"{directory}/source", $"{directory}/moved");
            File.WriteAllText($"{directory}/source", "replaced");
            using var tree = MountTree.Clone(file, recursive: false);
            tree.AttachTo($"{directory}/target");
        }

        Assert.AreEqual("opened", File.ReadAllText($"{directory}/target"));
    });

    [TestMethod]
    public void RunIn_Directory_MovesOnlyThatThread()
    {
        var before = Directory.GetCurrentDirectory();
        string? inside = null;
        WorkingDirectory.RunIn("/usr/lib", () => inside = Directory.GetCurrentDirectory());
        Assert.AreEqual("/usr/lib", inside);
        Assert.AreEqual(before, Directory.GetCurrentDirectory());
    }

    private static (string First, string Second) TwoDirectories(string directory) =>
        (Directory.CreateDirectory($"{directory}/first").FullName, Directory.CreateDirectory($"{directory}/second").FullName);
}
