using Kata.Shim.Configuration;
using Kata.Shim.Resources.SharedFs;

namespace Kata.Shim.Tests.Resources.SharedFs;

[TestClass]
public sealed class VirtioFsArgumentsTests
{
    [TestMethod]
    public void For_ExtraArguments_AreSpelledForTheProgram()
    {
        var configuration = new SharedFsConfiguration
        {
            Cache = "never",
            Debug = true,
            ExtraArguments = ["--thread-pool-size=1", "-o", "announce_submounts,xattr", "--posix-acl", "--sandbox=none", "-owriteback"],
        };
        CollectionAssert.AreEqual(
            new[] { "--fd=3", "--shared-dir=/d", "--cache=never", "--xattr", "--thread-pool-size=1", "--announce-submounts", "--posix-acl", "--sandbox=none", "--writeback" },
            VirtioFsArguments.For(VirtioFsDaemonKind.Rust, "/d", configuration));
        CollectionAssert.AreEqual(
            new[]
            {
                "-f", "--fd=3", "-o", "source=/d", "-o", "cache=none", "-o", "xattr", "--thread-pool-size=1", "-o", "announce_submounts", "-o", "xattr",
                "-o", "posix_acl", "-o", "sandbox=none", "-o", "writeback",
            },
            VirtioFsArguments.For(VirtioFsDaemonKind.Qemu, "/d", configuration));
    }

    [TestMethod]
    public void For_NoDebug_AsksForWarningsUnlessTheOperatorSaysOtherwise()
    {
        CollectionAssert.Contains(VirtioFsArguments.For(VirtioFsDaemonKind.Qemu, "/d", new()), "log_level=warn");
        CollectionAssert.Contains(VirtioFsArguments.For(VirtioFsDaemonKind.Rust, "/d", new()), "--log-level=warn");
        var own = VirtioFsArguments.For(VirtioFsDaemonKind.Rust, "/d", new() { ExtraArguments = ["-o", "log_level=debug"] });
        CollectionAssert.Contains(own, "--log-level=debug");
        CollectionAssert.DoesNotContain(own, "--log-level=warn");
    }

    [TestMethod]
    [DataRow("virtiofsd version 7.2.22 (Debian 1:7.2+dfsg-7)\nusing FUSE kernel interface version 7.36", nameof(VirtioFsDaemonKind.Qemu))]
    [DataRow("virtiofsd 1.13.0\n", nameof(VirtioFsDaemonKind.Rust))]
    [DataRow("virtiofsd backend 1.6.1", nameof(VirtioFsDaemonKind.Rust))]
    public void KindOf_VersionText_IsRecognised(string text, string expected) => Assert.AreEqual(expected, VirtioFsArguments.KindOf(text).ToString());
}
