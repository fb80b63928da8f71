using System.Globalization;
using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Devices;
using Kata.Hypervisors.External.Qemu.Qmp;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>A VM on a machine type whose vCPUs and memory can change while it runs (q35).</summary>
internal sealed class HotplugQemuHypervisor(HypervisorContext context) : QemuHypervisor(context), IVcpuHotplug, IMemoryHotplug
{
    /// <summary>A guest's memory block size when it is not known: x86 uses 128 MiB below 64 GiB.</summary>
    private const ulong DefaultBlockBytes = 128 << 20;

    private readonly Stack<string> _addedVcpus = [];
    private int _lastNumber;

    public async ValueTask<int> ResizeVcpusAsync(int count, CancellationToken cancellationToken)
    {
        if (count < 1)
            throw new HypervisorException($"A VM cannot have {count} vCPUs.", null, KataErrorKind.InvalidArgument);
        var wanted = Math.Min(count, Configuration.MaxVcpus);
        if (wanted > State.VcpuThreadIds.Count)
            await AddVcpusAsync(wanted - State.VcpuThreadIds.Count, cancellationToken);
        // QEMU's software emulation crashes the guest when a vCPU goes away: there it keeps what it has.
        for (var excess = State.VcpuThreadIds.Count - wanted; IsKvm && excess > 0 && _addedVcpus.Count > 0; excess--)
            await RemoveVcpuAsync(cancellationToken);
        await ReadVcpuThreadsAsync(cancellationToken);
        return State.VcpuThreadIds.Count;
    }

    public async ValueTask<ulong> ResizeMemoryAsync(ulong totalMib, ulong guestBlockSizeBytes, CancellationToken cancellationToken)
    {
        var size = await Qmp.ExecuteAsync("query-memory-size-summary", QmpJson.Default.MemorySize, null, cancellationToken);
        var current = size.BaseMemory + size.PluggedMemory;
        var wanted = checked(totalMib << 20);
        if (wanted <= current)
            return current >> 20;
        var block = guestBlockSizeBytes == 0 ? DefaultBlockBytes : guestBlockSizeBytes;
        var added = checked((wanted - current + block - 1) / block * block);
        if (current + added > Configuration.MaxMemoryMib << 20)
        {
            throw new HypervisorException(
                $"{(current + added) >> 20} MiB of memory are more than default_maxmemory ({Configuration.MaxMemoryMib} MiB).",
                null, KataErrorKind.ResourceExhausted);
        }

        await AddMemoryAsync(added >> 20, cancellationToken);
        return (current + added) >> 20;
    }

    private async Task AddMemoryAsync(ulong mib, CancellationToken cancellationToken)
    {
        var number = (++_lastNumber).ToString(CultureInfo.InvariantCulture);
        var undo = new Undo(Logger, $"dimm-{number}");
        var backend = QemuCommandLine.MemoryBackend($"mem-{number}", mib, Configuration, SharedMemory);
        await Qmp.ExecuteAsync("object-add", backend, cancellationToken: cancellationToken);
        undo.Push("object-del", () => Qmp.ExecuteAsync("object-del", new JsonObject { ["id"] = $"mem-{number}" }));
        try
        {
            await Qmp.ExecuteAsync(
                "device_add",
                new JsonObject { ["driver"] = "pc-dimm", ["id"] = $"dimm-{number}", ["memdev"] = $"mem-{number}" },
                cancellationToken: cancellationToken);
        }
        catch
        {
            await undo.RunAsync();
            throw;
        }
    }

    private async Task AddVcpusAsync(int count, CancellationToken cancellationToken)
    {
        var places = await Qmp.ExecuteAsync("query-hotpluggable-cpus", QmpJson.Default.HotpluggableCpuArray, null, cancellationToken);
        // QEMU lists the last place first.
        foreach (var place in places.Reverse().Where(place => place.QomPath is null).Take(count))
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"cpu-{++_lastNumber}");
            var device = (JsonObject)place.Props.DeepClone();
            device["driver"] = place.Type;
            device["id"] = name;
            await Qmp.ExecuteAsync("device_add", device, cancellationToken: cancellationToken);
            _addedVcpus.Push(name);
        }
    }

    private async Task RemoveVcpuAsync(CancellationToken cancellationToken)
    {
        var name = _addedVcpus.Peek();
        await DeviceRemoval.RunAsync(Qmp, name, Time, cancellationToken);
        _addedVcpus.Pop();
    }
}
