using Google.Protobuf.WellKnownTypes;
using Kata.Protocols;
using Kata.Protocols.Containerd.Events;
using Envelope = Kata.EndToEnd.Tests.Api.Events.Envelope;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>A task event, reduced to what scenarios compare.</summary>
internal sealed record TaskEvent(string Topic, string ContainerId, string ExecId, uint Pid, uint? ExitStatus, Timestamp? ExitedAt)
{
    public static TaskEvent From(Envelope envelope)
    {
        var any = envelope.Event;
        if (AnyPayload.TryUnpack<TaskCreate>(any, out var create))
            return new(envelope.Topic, create.ContainerId, "", create.Pid, null, null);
        if (AnyPayload.TryUnpack<TaskStart>(any, out var start))
            return new(envelope.Topic, start.ContainerId, "", start.Pid, null, null);
        if (AnyPayload.TryUnpack<TaskExit>(any, out var exit))
            return new(envelope.Topic, exit.ContainerId, exit.Id == exit.ContainerId ? "" : exit.Id, exit.Pid, exit.ExitStatus, exit.ExitedAt);
        if (AnyPayload.TryUnpack<TaskDelete>(any, out var delete))
            return new(envelope.Topic, delete.ContainerId, delete.Id, delete.Pid, delete.ExitStatus, delete.ExitedAt);
        if (AnyPayload.TryUnpack<TaskExecAdded>(any, out var added))
            return new(envelope.Topic, added.ContainerId, added.ExecId, 0, null, null);
        if (AnyPayload.TryUnpack<TaskExecStarted>(any, out var started))
            return new(envelope.Topic, started.ContainerId, started.ExecId, started.Pid, null, null);
        if (AnyPayload.TryUnpack<TaskPaused>(any, out var paused))
            return new(envelope.Topic, paused.ContainerId, "", 0, null, null);
        if (AnyPayload.TryUnpack<TaskResumed>(any, out var resumed))
            return new(envelope.Topic, resumed.ContainerId, "", 0, null, null);
        if (AnyPayload.TryUnpack<TaskOOM>(any, out var oom))
            return new(envelope.Topic, oom.ContainerId, "", 0, null, null);
        return new(envelope.Topic, any.TypeUrl, "", 0, null, null);
    }
}
