using Kata.Abstractions;

namespace Kata.Hypervisors.External.Qemu.Qmp;

/// <summary>QEMU refused a command.</summary>
internal sealed class QmpException : HypervisorException
{
    public QmpException(string command, QmpError error)
        : base($"QEMU refused {command}: {error.Desc}") => ErrorClass = error.Class;

    /// <summary>GenericError, DeviceNotFound, CommandNotFound…</summary>
    public string ErrorClass { get; }
}
