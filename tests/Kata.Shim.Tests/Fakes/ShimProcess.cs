using System.Runtime.InteropServices;
using System.Text;
using Kata.Linux;

namespace Kata.Shim.Tests.Fakes;

/// <summary>Runs the shim's executable the way containerd does: in a bundle, with captured output.</summary>
internal sealed class ShimProcess : IAsyncDisposable
{
    private readonly List<int> _daemons = [];

    internal ShimProcess()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Inconclusive("needs root: the shim's sockets are below /run/containerd");
        File.WriteAllText($"{Bundle}/config.json", """{ "ociVersion": "1.0.2", "annotations": {} }""");
    }

    internal string Bundle { get; } = Directory.CreateTempSubdirectory("kata-bundle-").FullName;

    internal string Id { get; } = $"c{Guid.NewGuid():N}";

    internal static string Executable => Path.Combine(AppContext.BaseDirectory, "containerd-shim-kata-v2");

    /// <summary>Runs an action with the usual flags.</summary>
    internal Task<ShimOutput> RunAsync(string action, byte[]? input = null) =>
        RunRawAsync(["-namespace", "shim-tests", "-address", "/run/shim-tests.sock", "-publish-binary", "containerd", "-id", Id, action], input);

    internal async Task<ShimOutput> RunRawAsync(string[] arguments, byte[]? input = null)
    {
        var (stdinReader, stdinWriter) = FileDescriptors.Pipe();
        var (outReader, outWriter) = FileDescriptors.Pipe();
        var (errReader, errWriter) = FileDescriptors.Pipe();
        ChildProcess child;
        using (stdinReader)
        using (outWriter)
        using (errWriter)
        {
            child = ChildProcess.Start(new ChildProcessOptions
            {
                Path = Executable,
                Arguments = arguments,
                WorkingDirectory = Bundle,
                Descriptors = new Dictionary<int, SafeHandle> { [0] = stdinReader, [1] = outWriter, [2] = errWriter },
            });
        }

        using (child)
        {
            using (stdinWriter)
                FileDescriptors.WriteAll(stdinWriter, input ?? []);
            var output = ReadToEndAsync(outReader);
            var error = ReadToEndAsync(errReader);
            var status = await child.Exited.WaitAsync(TimeSpan.FromSeconds(60));

            // The end of both streams while the daemon lives: it did not inherit them.
            var result = new ShimOutput(
                status.ShellCode,
                await output.WaitAsync(TimeSpan.FromSeconds(10)),
                Encoding.UTF8.GetString(await error.WaitAsync(TimeSpan.FromSeconds(10))));
            if (File.Exists($"{Bundle}/shim.pid"))
                _daemons.Add(DaemonId);
            return result;
        }
    }

    internal int DaemonId => int.Parse(File.ReadAllText($"{Bundle}/shim.pid"), System.Globalization.CultureInfo.InvariantCulture);

    internal static async Task WaitForEndAsync(int pid)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (ProcessTable.StartTimeOf(pid) is not null)
            await Task.Delay(10, patience.Token);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons)
        {
            if (ProcessTable.StartTimeOf(daemon) is { } startTime && File.ReadAllText($"/proc/{daemon}/cmdline").Contains(Id, StringComparison.Ordinal))
                ProcessTable.KillAndWait(daemon, startTime, TimeSpan.FromSeconds(10));
        }

        Directory.Delete(Bundle, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static Task<byte[]> ReadToEndAsync(Microsoft.Win32.SafeHandles.SafeFileHandle reader) => Task.Run(() =>
    {
        using var source = reader;
        var all = new MemoryStream();
        var buffer = new byte[4096];
        while (FileDescriptors.Read(source, buffer) is > 0 and var count)
            all.Write(buffer, 0, count);
        return all.ToArray();
    });
}
