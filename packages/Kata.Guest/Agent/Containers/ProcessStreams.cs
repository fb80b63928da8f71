using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Containers;

/// <summary>The agent's ends of a process's standard streams.</summary>
internal sealed class ProcessStreams : IDisposable
{
    private readonly SafeFileHandle? _terminal;

    public ProcessStreams(ProcessInput input, ProcessOutput output, ProcessOutput? error, SafeFileHandle? terminal)
    {
        Input = input;
        Output = output;
        Error = error;
        _terminal = terminal;
    }

    public ProcessInput Input { get; }

    /// <summary>Stdout, or all output of a terminal.</summary>
    public ProcessOutput Output { get; }

    /// <summary>Stderr; null with a terminal.</summary>
    public ProcessOutput? Error { get; }

    public bool HasTerminal => _terminal is not null;

    /// <summary>Completes when everything the process wrote has been read.</summary>
    public Task Drained => Task.WhenAll(Output.Ended, Error?.Ended ?? Task.CompletedTask);

    public void Resize(ushort rows, ushort columns) =>
        Terminal.Resize(_terminal ?? throw new InvalidOperationException("There is no terminal."), rows, columns);

    public void ProcessEnded()
    {
        Output.ProcessEnded();
        Error?.ProcessEnded();
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Error?.Dispose();
        _terminal?.Dispose();
    }
}
