using Google.Protobuf;
using Kata.Protocols.Agent;
using Kata.Shim.Agent;
using Kata.Shim.Runtime.Io;

namespace Kata.Shim.Runtime;

/// <summary>A process of a container, its first one or an exec: state, streams and end. The owner serialises state changes.</summary>
internal sealed class ContainerProcess
{
    // As much as fits below the large object heap and, usually, into the guest's pipe.
    private const uint ReadSize = 64 * 1024;
    private const int InputBufferSize = 16 * 1024;

    /// <summary>How long output may still arrive after the end of the process was seen.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<ProcessExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ProcessIo _io;

    internal ContainerProcess(string containerId, string execId, Stdio stdio, ProcessIo io)
    {
        (ContainerId, ExecId, Stdio, _io) = (containerId, execId, stdio, io);
    }

    internal string ContainerId { get; }

    /// <summary>Empty for the container's first process.</summary>
    internal string ExecId { get; }

    internal Stdio Stdio { get; }

    internal ProcessStatus Status { get; private set; } = ProcessStatus.Created;

    /// <summary>Null until the process ended.</summary>
    internal ProcessExit? Exit { get; private set; }

    /// <summary>Completes with the end of the process, or its deletion before it ever ran.</summary>
    internal Task<ProcessExit> Exited => _exited.Task;

    /// <summary>The terminal size asked for before there was a terminal.</summary>
    internal (uint Columns, uint Rows)? PendingSize { get; set; }

    /// <summary>How messages name it.</summary>
    internal string Description => ExecId.Length == 0 ? $"container {ContainerId}" : $"process {ExecId} of container {ContainerId}";

    internal void SetStatus(ProcessStatus status) => Status = status;

    /// <summary>From now on the process is stopped; <see cref="ReleaseWaiters"/> says so to those who wait.</summary>
    internal ProcessExit SetExited(uint status, DateTimeOffset at)
    {
        Exit ??= new ProcessExit(status, at);
        Status = ProcessStatus.Stopped;
        return Exit;
    }

    internal void ReleaseWaiters() => _exited.TrySetResult(Exit!);

    /// <summary>A SIGKILL was delivered: the end need not wait for output that nobody reads.</summary>
    internal void NoteKilled() => _killed.TrySetResult();

    /// <summary>Input ends when no client has it open any more. Never waits.</summary>
    internal void CloseInput() => _io.Stdin?.CloseWriter();

    /// <summary>Lets the client see the end of the streams.</summary>
    internal void FinishStreams() => _io.Finish();

    internal ValueTask DisposeStreamsAsync() => _io.DisposeAsync();

    /// <summary>
    /// Copies output until it ends, then asks for the exit status: an agent forgets the streams of a process whose status was asked for.
    /// A client that does not read delays this only until the process is killed, or for 10 s.
    /// </summary>
    /// <param name="agent">The guest's agent.</param>
    /// <param name="sandboxLost">Completes when nobody can answer any more.</param>
    /// <returns>The exit status, or null when the sandbox is lost.</returns>
    /// <exception cref="AgentException">The agent does not know the process.</exception>
    internal async Task<int?> WatchAsync(AgentClient agent, Task sandboxLost)
    {
        var copying = Task.WhenAll(
            CopyOutputAsync(agent.ReadStdoutAsync, _io.Stdout),
            Stdio.Terminal ? Task.CompletedTask : CopyOutputAsync(agent.ReadStderrAsync, _io.Stderr));
        await Task.WhenAny(copying, WaitForCutAsync(copying), sandboxLost);
        if (sandboxLost.IsCompleted)
            return null;
        using var cancellation = new CancellationTokenSource();
        var waiting = agent.WaitProcessAsync(new WaitProcessRequest { ContainerId = ContainerId, ExecId = ExecId }, cancellation.Token);
        var first = await Task.WhenAny(waiting, sandboxLost);
        if (first == sandboxLost)
        {
            await cancellation.CancelAsync();
            await waiting.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
            return null;
        }

        try
        {
            var status = (await waiting).Status;
            if (!copying.IsCompleted)
                await Task.WhenAny(copying, Task.Delay(DrainTime));
            return status;
        }
        catch (AgentException exception) when (exception.IsConnectionLost)
        {
            await sandboxLost;
            return null;
        }
    }

    /// <summary>Copies the client's input to the process, which must have been started. Without a client the process reads end of file.</summary>
    internal async Task CopyInputAsync(AgentClient agent)
    {
        try
        {
            if (_io.Stdin is { } stdin)
            {
                var buffer = new byte[InputBufferSize];
                while (await stdin.ReadAsync(buffer) is > 0 and var count)
                {
                    // The request is written before the call returns, so the buffer is free again with the answer.
                    var data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count));
                    var request = new WriteStreamRequest { ContainerId = ContainerId, ExecId = ExecId, Data = data };
                    await agent.WriteStdinAsync(request, CancellationToken.None);
                }
            }

            if (!Stdio.Terminal && Status != ProcessStatus.Stopped)
                await agent.WriteStdinAsync(new WriteStreamRequest { ContainerId = ContainerId, ExecId = ExecId }, CancellationToken.None);
        }
        catch (Exception exception) when (exception is AgentException or OperationCanceledException)
        {
            // The process ended or closed its input, or the guest is gone: whoever watches the process deals with that.
            _io.Stdin?.Dispose();
        }
    }

    private async Task CopyOutputAsync(Func<ReadStreamRequest, CancellationToken, Task<OutputChunk>> read, OutputStream output)
    {
        var request = new ReadStreamRequest { ContainerId = ContainerId, ExecId = ExecId, Len = ReadSize };
        while (true)
        {
            OutputChunk chunk;
            try
            {
                chunk = await read(request, CancellationToken.None);
            }
            catch (AgentException)
            {
                // Agents report the end of a stream as an error, too.
                return;
            }

            using (chunk)
            {
                if (chunk.Data.IsEmpty)
                    return;
                await output.WriteAsync(chunk.Data);
            }
        }
    }

    private async Task WaitForCutAsync(Task copying)
    {
        var first = await Task.WhenAny(_killed.Task, _io.Stdout.Stalled, _io.Stderr.Stalled, copying);
        if (first == _killed.Task)
            await Task.WhenAny(copying, Task.Delay(DrainTime));
    }
}
