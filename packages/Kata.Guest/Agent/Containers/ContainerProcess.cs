using Kata.Linux;

namespace Kata.Guest.Agent.Containers;

/// <summary>A process in a container: its init, or one added by exec.</summary>
internal sealed class ContainerProcess : IDisposable
{
    private readonly AdoptedProcess _process;

    public ContainerProcess(AdoptedProcess process, ProcessStreams streams)
    {
        _process = process;
        Streams = streams;
        Exited = WatchAsync();
    }

    public int Pid => _process.Id;

    public ProcessStreams Streams { get; }

    /// <summary>The exit code, or 128 + the signal that killed it.</summary>
    public Task<int> Exited { get; }

    /// <summary>Sends a signal; does nothing when the process has ended.</summary>
    public void Signal(int signal) => _process.Kill(signal);

    /// <summary>Whether the process has a handler for a signal.</summary>
    public bool Handles(int signal) => ProcessSignals.IsCaught(File.ReadLines($"/proc/{Pid}/status"), signal);

    public void Dispose()
    {
        Streams.Dispose();
        _process.Dispose();
    }

    private async Task<int> WatchAsync()
    {
        var status = await _process.Exited;
        Streams.ProcessEnded();
        return status.ShellCode;
    }
}
