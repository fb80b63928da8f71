using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;

namespace Kata.Shim.Tests.Fakes;

/// <summary>A hypervisor whose VM is a sleeping process, with a fake agent as its guest.</summary>
internal sealed class FakeHypervisor(HypervisorContext context, FakeHypervisorProvider provider) : IHypervisor
{
    private readonly TaskCompletionSource<VmExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ChildProcess? _vm;
    private bool _stopping;

    public Task<VmExit> Exited => _exited.Task;

    public GuestEndpoint GuestEndpoint => new UnixGuestEndpoint(SocketPath);

    public HypervisorState State => new()
    {
        Provider = provider.Name,
        MainProcessId = _vm?.Id ?? 0,
        Processes = _vm is null ? [] : [new ProcessIdentity(_vm.Id, _vm.StartTime)],
    };

    private string SocketPath => $"{context.RunDirectory}/agent.sock";

    public async ValueTask PrepareAsync(CancellationToken cancellationToken) => await provider.OnPrepare(cancellationToken);

    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        _vm = ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sleep", Arguments = ["3000"] });
        provider.Vm = _vm;
        _ = ReportExitAsync(_vm);
        await provider.OnStart(cancellationToken);
        provider.Agent = new FakeAgent(SocketPath);
        provider.AgentStarted?.Invoke(provider.Agent);
    }

    public async ValueTask StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        _stopping = true;
        if (_vm is null)
            return;
        _vm.Kill(Signal.SIGKILL);
        await _exited.Task;
    }

    public ValueTask<AttachedDevice> AddDeviceAsync(Device device, CancellationToken cancellationToken) =>
        new(new AttachedDevice(device, new PciAddress("02")));

    public ValueTask RemoveDeviceAsync(string deviceId, CancellationToken cancellationToken) => default;

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero, CancellationToken.None);
        if (provider.Agent is not null)
            await provider.Agent.DisposeAsync();
        _vm?.Dispose();
    }

    private async Task ReportExitAsync(ChildProcess vm)
    {
        var status = await vm.Exited;
        // The guest is gone with the VM.
        if (provider.Agent is not null)
            await provider.Agent.DisposeAsync();
        _exited.TrySetResult(new VmExit(_stopping ? VmExitReason.Stopped : VmExitReason.VmmFailure, status.ShellCode, provider.LastWords));
    }
}
