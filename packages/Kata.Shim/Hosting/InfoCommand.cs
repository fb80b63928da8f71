using Google.Protobuf;
using Kata.Protocols;
using Kata.Protocols.Containerd.Runtime;
using Kata.Protocols.Oci;

namespace Kata.Shim.Hosting;

/// <summary><c>-info</c>: what containerd 2.x asks a runtime about itself.</summary>
internal static class InfoCommand
{
    // What the guest's OCI runtime understands of mounts; rro is tested by containerd's own suite.
    private static readonly string[] MountOptions =
    [
        "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "nodev", "nodiratime", "noexec", "norelatime",
        "nostrictatime", "nosuid", "private", "ratime", "rbind", "rdev", "relatime", "remount", "rexec", "rnodev", "rnoexec", "rnosuid",
        "ro", "rprivate", "rro", "rrw", "rshared", "rslave", "rsuid", "rw", "shared", "slave", "strictatime", "suid", "sync",
    ];

    internal static byte[] Run() => new RuntimeInfo
    {
        Name = ShimProgram.RuntimeName,
        Version = new RuntimeVersion { Version = ShimVersion.Version, Revision = ShimVersion.Commit },
        Features = AnyPayload.Pack(new Features
        {
            OciVersionMin = "1.0.0",
            OciVersionMax = "1.2.0",
            MountOptions = MountOptions,
        }),
    }.ToByteArray();
}
