using System.Runtime.InteropServices;
using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Containers;

/// <summary>
/// The standard streams of a process that is about to start: pipes, or a socket over which the OCI runtime hands out the terminal.
/// </summary>
internal sealed class ProcessStdio : IDisposable
{
    private static int s_lastConsole;

    private readonly Dictionary<int, SafeHandle> _childEnds = [];
    private readonly List<SafeFileHandle> _ownEnds = [];
    private readonly ReadinessPoller _poller;
    private readonly SafeFileHandle? _console;

    private ProcessStdio(ReadinessPoller poller, string? consoleSocket)
    {
        _poller = poller;
        ConsoleSocket = consoleSocket;
        if (consoleSocket is null)
            return;
        _console = UnixSocket.Listen(consoleSocket);
        FileDescriptors.SetNonBlocking(_console, true);
    }

    /// <summary>Where the OCI runtime sends the terminal to; null for pipes.</summary>
    public string? ConsoleSocket { get; }

    /// <summary>The process's ends of the pipes, by number.</summary>
    public IReadOnlyDictionary<int, SafeHandle> ChildDescriptors => _childEnds;

    /// <summary>Prepares a terminal. Its socket's path is short whatever the container is called (sun_path has 107 bytes).</summary>
    public static ProcessStdio Terminal(ReadinessPoller poller, string directory) =>
        new(poller, Path.Combine(directory, $"console-{Interlocked.Increment(ref s_lastConsole)}"));

    /// <summary>Prepares pipes.</summary>
    /// <param name="pipeSize">Bytes each may hold; 0 for the kernel's choice.</param>
    public static ProcessStdio Pipes(ReadinessPoller poller, int pipeSize)
    {
        var stdio = new ProcessStdio(poller, null);
        try
        {
            for (var number = 0; number <= 2; number++)
            {
                var (read, write) = FileDescriptors.Pipe();
                var (child, own) = number == 0 ? (read, write) : (write, read);
                stdio._childEnds[number] = child;
                stdio._ownEnds.Add(own);
                FileDescriptors.SetNonBlocking(own, true);
                if (pipeSize > 0)
                    PipeBuffer.Resize(own, pipeSize);
            }

            return stdio;
        }
        catch
        {
            stdio.Dispose();
            throw;
        }
    }

    /// <summary>After the process was created: the agent's ends. The process's own are closed, so that its end is seen.</summary>
    /// <exception cref="AgentException">The OCI runtime sent no terminal.</exception>
    public ProcessStreams Connect()
    {
        if (_console is not null)
            return ConnectTerminal(_console);

        CloseChildEnds();
        var streams = new ProcessStreams(
            new ProcessInput(_ownEnds[0], _poller, isTerminal: false),
            new ProcessOutput(_ownEnds[1], _poller),
            new ProcessOutput(_ownEnds[2], _poller),
            terminal: null);
        _ownEnds.Clear();
        return streams;
    }

    public void Dispose()
    {
        CloseChildEnds();
        _ownEnds.ForEach(end => end.Dispose());
        _ownEnds.Clear();
        _console?.Dispose();
        if (ConsoleSocket is not null)
            FileSystem.Unlink(ConsoleSocket);
    }

    private ProcessStreams ConnectTerminal(SafeFileHandle listener)
    {
        using var connection = UnixSocket.Accept(listener) ?? throw NoTerminal();
        var received = new List<SafeFileHandle>();
        // The sender has ended: what it sent is here, and a wait for more ends at once.
        UnixSocket.Receive(connection, new byte[256], received);
        if (received.Count != 1)
        {
            received.ForEach(descriptor => descriptor.Dispose());
            throw NoTerminal();
        }

        var master = received[0];
        FileDescriptors.SetNonBlocking(master, true);
        // Each direction waits on a descriptor of its own.
        return new ProcessStreams(
            new ProcessInput(FileDescriptors.Duplicate(master), _poller, isTerminal: true),
            new ProcessOutput(FileDescriptors.Duplicate(master), _poller),
            error: null,
            master);
    }

    private void CloseChildEnds()
    {
        foreach (var end in _childEnds.Values)
            end.Dispose();
        _childEnds.Clear();
    }

    private static AgentException NoTerminal() => AgentException.Failed("The OCI runtime created the process without sending its terminal.");
}
