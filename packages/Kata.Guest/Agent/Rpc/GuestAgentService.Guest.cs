using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Guest.Agent.Devices;
using Kata.Guest.Agent.Files;
using Kata.Linux;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Rpc;

internal sealed partial class GuestAgentService
{
    private static readonly string[] _deviceHandlers = ["blk", "mmioblk", "nvdimm", "scsi"];

    private static readonly string[] _storageHandlers =
        ["virtio-fs", "ephemeral", "local", "overlayfs", "bind", "watchable-bind", "blk", "mmioblk", "nvdimm", "scsi"];

    public override Task<GuestDetailsResponse> GetGuestDetails(GuestDetailsRequest request, ServerCallContext context)
    {
        var details = new AgentDetails { Version = AgentVersion.Text, InitDaemon = _parts.Options.IsInit, SupportsSeccomp = true };
        details.DeviceHandlers.AddRange(_deviceHandlers);
        details.StorageHandlers.AddRange(_storageHandlers);
        return Task.FromResult(new GuestDetailsResponse
        {
            AgentDetails = details,
            MemBlockSizeBytes = request.MemBlockSize ? GuestHardware.MemoryBlockSize : 0,
            SupportMemHotplugProbe = request.MemHotplugProbe && GuestHardware.CanProbeMemory,
        });
    }

    public override async Task<Empty> OnlineCPUMem(OnlineCPUMemRequest request, ServerCallContext context)
    {
        await _parts.Hardware.OnlineAsync(request.NbCpus, memory: !request.CpuOnly, context.CancellationToken);
        return _empty;
    }

    public override Task<Empty> MemHotplugByProbe(MemHotplugByProbeRequest request, ServerCallContext context)
    {
        GuestHardware.ProbeMemory(request.MemHotplugProbeAddr);
        return Task.FromResult(_empty);
    }

    public override Task<Empty> SetGuestDateTime(SetGuestDateTimeRequest request, ServerCallContext context)
    {
        try
        {
            Machine.SetClock(DateTimeOffset.FromUnixTimeSeconds(request.Sec).AddMicroseconds(request.Usec));
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw AgentException.Invalid($"{request.Sec} s and {request.Usec} µs since 1970 are no date.", e);
        }

        return Task.FromResult(_empty);
    }

    public override Task<Empty> ReseedRandomDev(ReseedRandomDevRequest request, ServerCallContext context)
    {
        if (request.Data.IsEmpty)
            throw AgentException.Invalid("The request has no random bytes.");
        Machine.AddEntropy(request.Data.Span);
        return Task.FromResult(_empty);
    }

    public override async Task<Empty> AddSwap(AddSwapRequest request, ServerCallContext context)
    {
        var path = string.Join('/', request.PCIPath.Select(slot => slot.ToString("x2", CultureInfo.InvariantCulture)));
        Machine.EnableSwap(await _parts.Disks.WaitAsync("blk", path, context.CancellationToken));
        return _empty;
    }

    public override async Task<Empty> AddSwapPath(AddSwapPathRequest request, ServerCallContext context)
    {
        Machine.EnableSwap(await _parts.Disks.WaitAsync("mmioblk", request.Path, context.CancellationToken));
        return _empty;
    }

    public override Task<Empty> CopyFile(CopyFileRequest request, ServerCallContext context)
    {
        FileReceiver.Receive(request);
        return Task.FromResult(_empty);
    }

    public override Task<VolumeStatsResponse> GetVolumeStats(VolumeStatsRequest request, ServerCallContext context)
    {
        var path = GuestFiles.Check(request.VolumeGuestPath, GuestPaths.Base, "volume path");
        var usage = FileSystemUsage.Of(path);
        var response = new VolumeStatsResponse { VolumeCondition = new VolumeCondition { Abnormal = false, Message = "OK" } };
        response.Usage.Add(new VolumeUsage
        {
            Unit = VolumeUsage.Types.Unit.Bytes,
            Total = usage.TotalBytes,
            Available = usage.AvailableBytes,
            Used = usage.TotalBytes - usage.FreeBytes,
        });
        response.Usage.Add(new VolumeUsage
        {
            Unit = VolumeUsage.Types.Unit.Inodes,
            Total = usage.TotalInodes,
            Available = usage.FreeInodes,
            Used = usage.TotalInodes - usage.FreeInodes,
        });
        return Task.FromResult(response);
    }

    public override Task<Metrics> GetMetrics(GetMetricsRequest request, ServerCallContext context) =>
        Task.FromResult(new Metrics { Metrics_ = GuestMetrics.Read() });

    public override Task<GetDiagnosticDataResponse> GetDiagnosticData(GetDiagnosticDataRequest request, ServerCallContext context)
    {
        if (request.LogType != "termination_log")
            throw AgentException.Invalid($"There is no diagnostic data of type '{request.LogType}'.");
        return Task.FromResult(new GetDiagnosticDataResponse { Data = TerminationLog.Read(_containers.Get(request.ContainerId).Spec) });
    }
}
