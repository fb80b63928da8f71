using Kata.Abstractions;
using Kata.Linux;
using Kata.Vmm.Dragonball.Machines;
using Machine = Kata.Vmm.Dragonball.Machines.Machine;

namespace Kata.Vmm.Dragonball;

/// <summary>How a microVM comes and goes.</summary>
public sealed partial class MicroVm
{
    /// <summary>
    /// How long a kernel that panicked may take to reset the machine, as it does with <c>panic=N</c> on its command line.
    /// </summary>
    private static readonly TimeSpan LongestPanic = TimeSpan.FromSeconds(10);

    private async Task BuildAsync(Machine machine, CancellationToken cancellationToken)
    {
        try
        {
            var thread = _thread = new VmmThread();
            if (_options.NetworkNamespacePath is { } path)
                await thread.EnterNetworkNamespaceAsync(path).ConfigureAwait(false);
            await thread.InvokeAsync(machine.Build).ConfigureAwait(false);
            await machine.WaitUntilReadyAsync().ConfigureAwait(false);
            if (machine.End.IsSet)
                throw new MicroVmException((await machine.End.Task.ConfigureAwait(false)).Detail);
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (LinuxException e)
        {
            throw new MicroVmException($"The microVM cannot be made: {e.Message}.", e, e.Errno switch
            {
                Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE or Errno.ENOSPC or Errno.EAGAIN => KataErrorKind.ResourceExhausted,
                _ => KataErrorKind.Internal,
            });
        }
    }

    private async Task PauseAsync(Machine machine)
    {
        await machine.PauseVcpusAsync().ConfigureAwait(false);
        await _thread!.InvokeAsync(machine.PauseDevices).ConfigureAwait(false);
    }

    /// <summary>False when the machine ended before: a device that hangs shall not hold up the end.</summary>
    private static async Task<bool> UnlessEndedAsync(Machine machine, Task work)
    {
        await (await Task.WhenAny(work, machine.End.Task).ConfigureAwait(false)).ConfigureAwait(false);
        return !machine.End.IsSet;
    }

    /// <summary>Waits for the guest's end, and takes everything back then.</summary>
    private async Task WatchAsync(Machine machine)
    {
        await Task.WhenAny(machine.End.Task, machine.Console.Panicked).ConfigureAwait(false);
        if (!machine.End.IsSet)
        {
            await Task.WhenAny(machine.End.Task, Task.Delay(LongestPanic)).ConfigureAwait(false);
            machine.End.Set(MicroVmExitReason.GuestPanic, $"The guest did not reset itself within {LongestPanic.TotalSeconds} s.");
        }

        var (reason, detail) = await machine.End.Task.ConfigureAwait(false);
        // A panic is a reset with a history; only the host's own doing says more.
        if (machine.Console.PanicMessage is { } panic && reason is MicroVmExitReason.GuestReset or MicroVmExitReason.GuestPanic)
            (reason, detail) = (MicroVmExitReason.GuestPanic, $"{panic}. {detail}");
        using var turn = await TakeTurnAsync(CancellationToken.None).ConfigureAwait(false);
        await EndAsync(machine, reason, detail).ConfigureAwait(false);
    }

    /// <summary>Takes everything back. In turn.</summary>
    private async Task EndAsync(Machine machine, MicroVmExitReason reason, string detail)
    {
        State = MicroVmState.Ended;
        try
        {
            await TakeBackAsync(machine).WaitAsync(_grace).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            MachineLog.DevicesHang(_options.Logger, _grace);
        }
        catch (Exception e)
        {
            // Whoever waits for the end shall not wait for ever.
            MachineLog.NotClosed(_options.Logger, e);
        }

        MachineLog.Ended(_options.Logger, reason, detail);
        _exited.TrySetResult(new MicroVmExit(reason, detail, machine.Console.Tail));
    }

    private async Task TakeBackAsync(Machine machine)
    {
        try
        {
            // A vCPU may wait for a device that waits for slow storage.
            await machine.StopVcpusAsync().ConfigureAwait(false);
            _clock.Reach(BootMilestone.Ended);
            if (_thread is not null)
                await _thread.InvokeAsync(machine.DisconnectDevices).ConfigureAwait(false);
            await machine.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            if (_thread is not null)
                await _thread.DisposeAsync().ConfigureAwait(false);
        }
    }

    private MicroVmException WrongState(string problem) =>
        new($"The microVM is {State.ToString().ToLowerInvariant()}. {problem}", null, KataErrorKind.FailedPrecondition);

    private async Task<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_turn);
    }

    private readonly struct Turn(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
