using Grpc.Core;
using Kata.Guest.Agent.Boot;
using Kata.Guest.Agent.Containers;
using Kata.Guest.Agent.Logging;
using Kata.Guest.Agent.Storages;
using Kata.Linux;
using Kata.Protocols.Agent;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent;

/// <summary>The pod: its host name, namespaces and storages. There is one in a guest.</summary>
internal sealed class Sandbox : IDisposable
{
    private readonly ContainerManager _containers;
    private readonly StorageManager _storages;
    private readonly ModuleLoader _modules;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<SafeFileHandle> _namespaces = [];
    private bool _created;

    public Sandbox(ContainerManager containers, StorageManager storages, ModuleLoader modules, ILogger log)
    {
        _containers = containers;
        _storages = storages;
        _modules = modules;
        _log = log;
    }

    /// <exception cref="AgentException">It exists already, or a part of it cannot be made.</exception>
    public async Task CreateAsync(CreateSandboxRequest request, CancellationToken cancellationToken)
    {
        if (request.SandboxId.Length > 0)
            Identifiers.CheckContainer(request.SandboxId);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_created)
                throw new AgentException(StatusCode.AlreadyExists, "The guest has a sandbox already.");
            await Task.Run(() => LoadModules(request.KernelModules), cancellationToken);
            MakeNamespaces(request.Hostname);
            await _storages.AddAsync(request.Storages, containerId: null, cancellationToken);
            WriteResolvConf(request.Dns);
            _created = true;
            _log.SandboxCreated(request.SandboxId, request.Hostname);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _namespaces.ForEach(descriptor => descriptor.Dispose());
        _turn.Dispose();
    }

    private void LoadModules(IEnumerable<KernelModule> modules)
    {
        foreach (var module in modules)
        {
            try
            {
                if (!_modules.TryLoad(module.Name, string.Join(' ', module.Parameters)))
                    throw AgentException.Failed($"The guest has no kernel module '{module.Name}'.");
            }
            catch (LinuxException e)
            {
                throw AgentException.Failed($"The kernel module '{module.Name}' cannot be loaded: {e.Message}", e);
            }
        }
    }

    /// <summary>
    /// The ipc and uts namespaces that the pod's containers share. The descriptors keep them alive, and containers join through them.
    /// </summary>
    private void MakeNamespaces(string hostName)
    {
        var (ipc, uts) = Linux.Namespaces.RunInNew(NamespaceKinds.Ipc | NamespaceKinds.Uts, () =>
        {
            // The kernel's own name is "(none)".
            Machine.SetHostName(hostName.Length > 0 ? hostName : "localhost");
            return (FileDescriptors.Open("/proc/thread-self/ns/ipc", OpenFlags.ReadOnly), FileDescriptors.Open("/proc/thread-self/ns/uts", OpenFlags.ReadOnly));
        });
        _namespaces.AddRange([ipc, uts]);
        _containers.Namespaces = new GuestNamespaces(PathOf(ipc), PathOf(uts), PidPath: null);
    }

    private static string PathOf(SafeFileHandle descriptor) => $"/proc/{Environment.ProcessId}/fd/{descriptor.DangerousGetHandle()}";

    private static void WriteResolvConf(Google.Protobuf.Collections.RepeatedField<string> lines)
    {
        if (lines.Count == 0)
            return;
        Directory.CreateDirectory(GuestPaths.Sandbox);
        File.WriteAllText(GuestPaths.ResolvConf, string.Join('\n', lines) + "\n");
    }
}
