using Kata.EndToEnd.Tests.Harness;
using Kata.Linux;
using Kata.Protocols.Oci;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>What the OCI configuration asks for is what the process sees.</summary>
[TestClass]
public sealed class ConfigurationTests : SharedContainerTest
{
    private static string s_host = "";

    [ClassInitialize]
    public static async Task StartAsync(TestContext context)
    {
        if (!IsHostAvailable)
            return;
        s_host = Directory.CreateDirectory(Path.Combine(Host.TemporaryDirectory, "binds")).FullName;
        foreach (string directory in (string[])["ro", "rw"])
        {
            Directory.CreateDirectory($"{s_host}/{directory}");
            // For the container's user; CreateDirectory obeys the umask.
            File.SetUnixFileMode($"{s_host}/{directory}", (UnixFileMode)0x1FF);
            await File.WriteAllTextAsync($"{s_host}/{directory}/file", $"{directory} directory\n");
            await File.WriteAllTextAsync($"{s_host}/{directory}.txt", $"{directory} file\n");
        }

        const string Script = "printf '[%s]' \"$@\"; echo; echo \"$VARIABLE\"; pwd; id; cat /proc/self/oom_score_adj; echo ready; exec sleep 100000";
        await StartSharedAsync(new ContainerOptions { Configure = Configure }, "sh", "-c", Script, "sh", "one two", "", "drei");
    }

    [TestMethod]
    public void Init_ArgumentsEnvironmentDirectoryUserAndScore_AreAsConfigured() => Assert.AreEqual(
        "[one two][][drei]\nä value\n/home/user\nuid=1000(user) gid=1000(user) groups=2000(extra)\n321\nready\n",
        Shared.Init.Io.Output.Text);

    [TestMethod]
    public async Task Hostname_IsAsConfigured() => Assert.AreEqual("configured-name\n", (await Shared.ShellAsync("hostname")).Succeeded());

    [TestMethod]
    public async Task Limits_OfInit_AreAsConfigured()
    {
        string limits = (await Shared.ShellAsync("cat /proc/1/limits")).Succeeded();

        StringAssert.Matches(limits, new(@"Max open files\s+256\s+512"));
        StringAssert.Matches(limits, new(@"Max core file size\s+0\s+unlimited"));
    }

    [TestMethod]
    public async Task Capabilities_OfInit_AreExactlyTheConfigured()
    {
        // CHOWN 0, NET_BIND_SERVICE 10.
        string status = (await Shared.ShellAsync("cat /proc/1/status")).Succeeded();

        StringAssert.Matches(status, new(@"CapBnd:\s+0000000000000401"));
        StringAssert.Matches(status, new(@"CapAmb:\s+0000000000000400"));
        StringAssert.Matches(status, new(@"CapEff:\s+0000000000000400"));
        StringAssert.Matches(status, new(@"NoNewPrivs:\s+1"));
    }

    [TestMethod]
    public async Task Seccomp_ForbiddenCall_FailsWithTheConfiguredErrno()
    {
        var result = await Shared.ShellAsync("sed -n '/^Seccomp:/p' /proc/1/status; sync; chmod 700 /scratch");

        StringAssert.Matches(result.Output, new(@"Seccomp:\s+2"));
        Assert.AreNotEqual(0U, result.ExitStatus);
        // EXDEV, which chmod itself never returns.
        StringAssert.Contains(result.Error, "Invalid cross-device link");
    }

    [TestMethod]
    public async Task Root_ReadOnly_RefusesWrites()
    {
        var result = await Shared.ShellAsync("touch /file");

        Assert.AreNotEqual(0U, result.ExitStatus);
        StringAssert.Contains(result.Error, "Read-only file system");
    }

    [TestMethod]
    [DataRow("/mnt/ro/file", "ro directory\n")]
    [DataRow("/mnt/rw/file", "rw directory\n")]
    [DataRow("/mnt/ro.txt", "ro file\n")]
    public async Task Bind_HostFile_IsReadable(string path, string content) =>
        Assert.AreEqual(content, (await Shared.ShellAsync($"cat {path}")).Succeeded());

    [TestMethod]
    [DataRow("echo x > /mnt/ro/file")]
    [DataRow("touch /mnt/ro/new")]
    [DataRow("echo x > /mnt/ro.txt")]
    public async Task Bind_ReadOnly_RefusesWrites(string command)
    {
        var result = await Shared.ShellAsync(command);

        Assert.AreNotEqual(0U, result.ExitStatus);
        StringAssert.Contains(result.Error, "Read-only file system");
    }

    [TestMethod]
    public async Task Bind_WritableDirectory_WritesReachTheHostAsTheUser()
    {
        var options = new ExecOptions { Configure = p => p with { User = new User { Uid = 1000, Gid = 1000 } } };

        (await Shared.ExecAsync(options, "sh", "-c", "echo from-container > /mnt/rw/new; mkdir /mnt/rw/sub; ln -s new /mnt/rw/link")).Succeeded();

        Assert.AreEqual("from-container\n", await File.ReadAllTextAsync($"{s_host}/rw/new"));
        Assert.AreEqual("new", new FileInfo($"{s_host}/rw/link").LinkTarget);
        var status = FileDescriptors.Status($"{s_host}/rw/new");
        Assert.AreEqual((1000U, 1000U), (status!.Value.Uid, status.Value.Gid));
    }

    [TestMethod]
    public async Task Bind_WritableFile_SharesItsContentBothWays()
    {
        (await Shared.ShellAsync("echo changed >> /mnt/rw.txt")).Succeeded();
        Assert.AreEqual("rw file\nchanged\n", await File.ReadAllTextAsync($"{s_host}/rw.txt"));

        await File.WriteAllTextAsync($"{s_host}/rw/host", "from-host");
        Assert.AreEqual("from-host", (await Shared.ShellAsync("cat /mnt/rw/host")).Succeeded());
    }

    [TestMethod]
    public async Task Tmpfs_Configured_IsWritableUpToItsSize()
    {
        var result = await Shared.ShellAsync("df /scratch | tail -n 1; dd if=/dev/zero of=/scratch/f bs=4096 count=500; stat -c %s /scratch/f");

        StringAssert.Matches(result.Output, new(@"^tmpfs\s+1024 "));
        StringAssert.EndsWith(result.Output, "\n1048576\n");
        StringAssert.Contains(result.Error, "No space left on device");
    }

    [TestMethod]
    public async Task Shm_Default_IsASharedTmpfs()
    {
        string output = (await Shared.ShellAsync("stat -c '%a %f' /dev/shm; echo kept > /dev/shm/f; df /dev/shm | tail -n 1")).Succeeded();

        StringAssert.StartsWith(output, "1777 ");
        StringAssert.Matches(output, new(@"\s65536\s+\d+\s+\d+\s+\d+% /dev/shm"));
        Assert.AreEqual("kept\n", (await Shared.ShellAsync("cat /dev/shm/f")).Succeeded());
    }

    [TestMethod]
    public async Task Paths_MaskedAndReadOnly_AreProtected()
    {
        var result = await Shared.ShellAsync("head -c 1 /proc/keys | wc -c; echo 1 > /proc/sys/kernel/domainname");

        Assert.AreEqual("0\n", result.Output);
        StringAssert.Contains(result.Error, "Read-only file system");
    }

    [TestMethod]
    public async Task Mounts_OfProcDevSys_AreThere()
    {
        string mounts = (await Shared.ShellAsync("cat /proc/self/mounts")).Succeeded();

        StringAssert.Contains(mounts, " /proc proc ");
        StringAssert.Contains(mounts, " /dev tmpfs ");
        StringAssert.Contains(mounts, " /dev/pts devpts ");
        StringAssert.Contains(mounts, " /dev/mqueue mqueue ");
        StringAssert.Contains(mounts, " /sys sysfs ");
    }

    private static Spec Configure(Spec spec) => spec
        .WithProcess(p => p with
        {
            User = new User { Uid = 1000, Gid = 1000, AdditionalGids = [2000] },
            Env = ["PATH=/bin", "VARIABLE=ä value"],
            Cwd = "/home/user",
            Rlimits = [new() { Type = "RLIMIT_NOFILE", Soft = 256, Hard = 512 }, new() { Type = "RLIMIT_CORE", Soft = 0, Hard = ulong.MaxValue }],
            Capabilities = new()
            {
                Bounding = ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"],
                Permitted = ["CAP_NET_BIND_SERVICE"],
                Inheritable = ["CAP_NET_BIND_SERVICE"],
                Effective = ["CAP_NET_BIND_SERVICE"],
                Ambient = ["CAP_NET_BIND_SERVICE"],
            },
            OomScoreAdj = 321,
        })
        with
    {
        Hostname = "configured-name",
        Root = spec.Root! with { Readonly = true },
        Mounts =
        [
            .. spec.Mounts!,
            Bind("/mnt/ro", $"{s_host}/ro", "ro"),
            Bind("/mnt/rw", $"{s_host}/rw", "rw"),
            Bind("/mnt/ro.txt", $"{s_host}/ro.txt", "ro"),
            Bind("/mnt/rw.txt", $"{s_host}/rw.txt", "rw"),
            new() { Destination = "/scratch", Type = "tmpfs", Source = "tmpfs", Options = ["size=1024k", "mode=777"] },
        ],
        Linux = spec.Linux! with
        {
            Seccomp = new()
            {
                DefaultAction = "SCMP_ACT_ALLOW",
                Architectures = ["SCMP_ARCH_X86_64"],
                Syscalls = [new() { Names = ["chmod", "fchmodat"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 18 }],
            },
        },
    };

    private static Mount Bind(string destination, string source, string access) =>
        new() { Destination = destination, Source = source, Type = "bind", Options = ["rbind", access] };
}
