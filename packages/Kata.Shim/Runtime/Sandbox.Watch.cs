using Kata.Abstractions;
using Kata.Protocols.Agent;
using Kata.Protocols.Containerd.Events;
using Kata.Shim.Agent;

namespace Kata.Shim.Runtime;

/// <content>What goes on in the background while the VM runs.</content>
internal sealed partial class Sandbox
{
    /// <summary>The agent's connection breaks with the VM: the VMM's own word for what happened is worth this wait.</summary>
    private static readonly TimeSpan ExitDetailTimeout = TimeSpan.FromSeconds(1);

    private async Task WatchAsync()
    {
        var exited = _hypervisor!.Exited;
        var first = await Task.WhenAny(exited, _agent!.Disconnected, _resources!.Failed, _lost.Task);
        if (first == _lost.Task)
            return;
        if (first == _agent.Disconnected)
            await Task.WhenAny(exited, Task.Delay(ExitDetailTimeout));
        string reason;
        if (exited.IsCompleted)
            reason = Describe(await exited);
        else if (_resources.Failed.IsCompleted)
            reason = await _resources.Failed;
        else
            reason = "The agent in the guest is gone while the VM runs; the guest's console in the log may say why (hypervisor key enable_debug).";
        if (!_lost.TrySetResult(new SandboxLoss(reason, Expected: false)))
            return;
        RuntimeLog.SandboxLost(_logger, reason);
        await StopAsync(reason);
    }

    private async Task WatchMemoryAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var happened = await _agent!.GetOomEventAsync(new GetOOMEventRequest(), _stopping.Token);
                RuntimeLog.OutOfMemory(_logger, happened.ContainerId);
                _events.Publish(new TaskOOM { ContainerId = happened.ContainerId });
            }
            catch (Exception exception) when (exception is AgentException or OperationCanceledException)
            {
                // Gone, stopped, or an agent that does not report this.
                return;
            }
        }
    }

    private static string Describe(VmExit exit)
    {
        var what = exit.Reason switch
        {
            VmExitReason.GuestShutdown => "The guest powered off.",
            VmExitReason.GuestReset => "The guest rebooted, which ends a VM.",
            VmExitReason.GuestPanic => "The guest's kernel panicked.",
            VmExitReason.Stopped => "The VM was stopped.",
            _ => $"The VMM ended with status {exit.Status}.",
        };
        return exit.Detail.Length == 0 ? what : $"{what} Its last words: {exit.Detail}";
    }
}
