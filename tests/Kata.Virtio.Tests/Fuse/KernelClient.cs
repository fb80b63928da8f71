using System.Text;
using Kata.Linux;
using Kata.Virtio.Fuse;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>
/// The host's own kernel as the client of a <see cref="FuseServer"/>: /dev/fuse carries the same requests as a virtio queue. Real programs
/// run on the mount.
/// </summary>
internal sealed class KernelClient : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(100);

    private readonly TemporaryDirectory _directory = new();
    private readonly SafeFileHandle _device;
    private readonly MemoryMapping _memory = MemoryMapping.Anonymous(2 * BufferBytes);
    private readonly Thread _pump;
    private Exception? _failure;

    private const nuint BufferBytes = FuseServer.MaxTransferBytes + 4096;

    public KernelClient(Func<VirtioFileSystemOptions, VirtioFileSystemOptions>? configure = null)
    {
        if (CurrentProcess.EffectiveUserId != 0 || !File.Exists("/dev/fuse"))
            Assert.Inconclusive("needs root and /dev/fuse");
        Directory.CreateDirectory(Share);
        Directory.CreateDirectory(MountPath);
        var options = new VirtioFileSystemOptions { Path = Share, Tag = "test", ExtendedAttributes = true, Logger = Logger };
        options = configure?.Invoke(options) ?? options;
        Server = new FuseServer(FileDescriptors.Open(options.Path!, OpenFlags.Path | OpenFlags.Directory), options);
        _device = FileDescriptors.Open("/dev/fuse", OpenFlags.ReadWrite);
        MountPoint.Mount("kata-test", MountPath, "fuse", MountFlags.None,
            $"fd={_device.DangerousGetHandle()},rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other");
        _pump = new Thread(Pump) { IsBackground = true };
        _pump.Start();
    }

    public RecordingLogger Logger { get; } = new();

    public FuseServer Server { get; }

    /// <summary>The shared directory itself.</summary>
    public string Share => _directory.File("share");

    /// <summary>The same through FUSE.</summary>
    public string MountPath => _directory.File("mnt");

    /// <summary>Runs a script in the mount, with the shared directory as $SHARE; it must succeed. Returns what it wrote.</summary>
    public async Task<string> RunAsync(string script)
    {
        var outputPath = _directory.File("output");
        using var output = FileDescriptors.Open(outputPath, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate, 0x180);
        using var child = ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/bin/bash",
            Arguments = ["-euo", "pipefail", "-c", script],
            WorkingDirectory = MountPath,
            Environment = new Dictionary<string, string>
            {
                ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                ["HOME"] = MountPath,
                ["SHARE"] = Share,
                ["LC_ALL"] = "C",
            },
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = output, [2] = output },
        });
        try
        {
            var status = await child.Exited.WaitAsync(Limit);
            var text = await File.ReadAllTextAsync(outputPath, Encoding.Latin1);
            Assert.AreEqual(new ExitStatus(0, 0), status, text + Logger);
            return text;
        }
        catch (TimeoutException)
        {
            child.Kill(Signal.SIGKILL);
            throw new TimeoutException($"Script still running after {Limit}: {script}\n{await File.ReadAllTextAsync(outputPath, Encoding.Latin1)}");
        }
    }

    public void Dispose()
    {
        MountPoint.Unmount(MountPath, detach: true);
        if (!_pump.Join(Limit))
            Assert.Fail("The kernel did not give up the mount.");
        _device.Dispose();
        Server.Dispose();
        _memory.Dispose();
        _directory.Dispose();
        if (_failure is not null)
            throw new InvalidOperationException("The server failed.", _failure);
    }

    private unsafe void Pump()
    {
        try
        {
            Server.EnterThread();
            var buffers = new BufferList();
            var request = new Span<byte>((void*)_memory.Address, (int)BufferBytes);
            var reply = new NativeBuffer(_memory.Address + (nint)BufferBytes, (nint)BufferBytes);
            while (true)
            {
                int count;
                try
                {
                    count = FileDescriptors.Read(_device, request);
                }
                catch (LinuxException error) when (error.Errno == Errno.ENODEV)
                {
                    return;
                }
                catch (LinuxException error) when (error.Errno == Errno.ENOENT)
                {
                    // The request was interrupted before we got it.
                    continue;
                }

                buffers.Truncate(0);
                buffers.TryAdd(new NativeBuffer(_memory.Address, count));
                buffers.TryAdd(reply);
                var chain = new DescriptorChain
                {
                    ReadableStart = 0,
                    ReadableCount = 1,
                    ReadableBytes = count,
                    WritableStart = 1,
                    WritableCount = 1,
                    WritableBytes = reply.Length,
                };
                var written = Server.Handle(buffers, chain);
                if (written > 0)
                    Write(new ReadOnlySpan<byte>((void*)reply.Address, (int)written));
            }
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }

    private void Write(ReadOnlySpan<byte> reply)
    {
        try
        {
            _ = FileDescriptors.Write(_device, reply);
        }
        catch (LinuxException error) when (error.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            // The client was interrupted and waits no more, or the mount has gone.
        }
    }
}
