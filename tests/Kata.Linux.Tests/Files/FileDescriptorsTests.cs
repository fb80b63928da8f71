namespace Kata.Linux.Tests.Files;

[TestClass]
public sealed class FileDescriptorsTests
{
    [TestMethod]
    public void OpenBeneath_LinkOrParentOutOfTheDirectory_IsRefused()
    {
        var directory = Directory.CreateTempSubdirectory("kata-linux-");
        try
        {
            Directory.CreateDirectory(Path.Combine(directory.FullName, "in"));
            File.WriteAllText(Path.Combine(directory.FullName, "in", "file"), "x");
            File.CreateSymbolicLink(Path.Combine(directory.FullName, "in", "out"), "/etc/passwd");
            using var root = FileDescriptors.Open(Path.Combine(directory.FullName, "in"), OpenFlags.Path | OpenFlags.Directory);
            using (var file = FileDescriptors.OpenBeneath(root, "file", OpenFlags.ReadOnly))
                Assert.AreEqual(FileKind.Regular, FileDescriptors.Status(file).Kind);
            foreach (var path in new[] { "out", "../in/file", "/etc/passwd" })
            {
                var error = Assert.ThrowsExactly<LinuxException>(() => FileDescriptors.OpenBeneath(root, path, OpenFlags.ReadOnly));
                Assert.AreEqual(Errno.EXDEV, error.Errno, path);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void Pipe_Ends_SignalDataEmptinessAndEnd()
    {
        var (read, write) = FileDescriptors.Pipe(nonBlocking: true);
        var buffer = new byte[8];
        Assert.AreEqual(-1, FileDescriptors.Read(read, buffer));
        Assert.AreEqual(PollEvents.None, FileDescriptors.Poll(read, PollEvents.Readable, TimeSpan.Zero));
        Assert.AreEqual(2, FileDescriptors.Write(write, [7, 8]));
        Assert.AreEqual(PollEvents.Readable, FileDescriptors.Poll(read, PollEvents.Readable, TimeSpan.FromSeconds(5)));
        Assert.AreEqual(2, FileDescriptors.Read(read, buffer));
        write.Dispose();
        Assert.AreEqual(PollEvents.HangUp, FileDescriptors.Poll(read, PollEvents.Readable, TimeSpan.FromSeconds(5)));
        Assert.AreEqual(0, FileDescriptors.Read(read, buffer));
        read.Dispose();
    }

    [TestMethod]
    public void Status_OfDevicesAndMissingFiles_IsExact()
    {
        var zero = FileDescriptors.Status("/dev/zero")!.Value;
        Assert.AreEqual(FileKind.CharacterDevice, zero.Kind);
        Assert.AreEqual((1u, 5u), (zero.SpecialMajor, zero.SpecialMinor));
        Assert.IsNull(FileDescriptors.Status("/nonexistent"));
        Assert.IsNull(FileDescriptors.Status("/dev/zero/below"));
    }
}
