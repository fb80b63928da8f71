using System.Diagnostics;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Private mount, pid, network, IPC and UTS namespaces with an empty <c>/run</c> and <c>/dev/shm</c>. Nothing else lives in there,
/// so whatever a container leaves behind shows, and ending the init process ends everything.</summary>
internal sealed class IsolatedHost : IAsyncDisposable
{
    // dash reaps adopted children while it waits; the loop keeps it waiting.
    private const string Init = """
        set -e
        mount -t tmpfs -o mode=755,size=64m tmpfs /run
        mount -t tmpfs -o mode=1777 tmpfs /dev/shm
        ip link set lo up
        echo ready
        sleep infinity &
        while :; do wait $! || :; done
        """;

    private readonly Process _unshare;

    private IsolatedHost(Process unshare, int initPid)
    {
        _unshare = unshare;
        InitPid = initPid;
    }

    /// <summary>The init process as this process sees it.</summary>
    public int InitPid { get; }

    /// <summary>The root directory as seen from inside.</summary>
    public string Root => $"/proc/{InitPid}/root";

    public static async Task<IsolatedHost> StartAsync()
    {
        string[] arguments =
            ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--mount-proc", "--kill-child", "--", "sh", "-c", Init];
        var unshare = Command.Start("unshare", arguments, new());
        string? line = await unshare.StandardOutput.ReadLineAsync();
        if (line != "ready")
            throw new InvalidOperationException($"No private namespaces: {await unshare.StandardError.ReadToEndAsync()}");
        string children = await File.ReadAllTextAsync($"/proc/{unshare.Id}/task/{unshare.Id}/children");
        return new(unshare, int.Parse(children.Split(' ')[0], null));
    }

    public Task<CommandResult> RunAsync(string file, IEnumerable<string> arguments, CommandOptions? options = null) =>
        Command.RunAsync("nsenter", Enter(file, arguments), options);

    public Process Start(string file, IEnumerable<string> arguments, CommandOptions options) =>
        Command.Start("nsenter", Enter(file, arguments), options);

    public Task SignalAsync(int insidePid, string signal) => RunAsync("kill", [$"-{signal}", $"{insidePid}"]);

    public async ValueTask DisposeAsync()
    {
        _unshare.Kill();
        await _unshare.WaitForExitAsync();
        _unshare.Dispose();
    }

    private IEnumerable<string> Enter(string file, IEnumerable<string> arguments) =>
        ["-t", $"{InitPid}", "-m", "-p", "-n", "-i", "-u", "--", file, .. arguments];
}
