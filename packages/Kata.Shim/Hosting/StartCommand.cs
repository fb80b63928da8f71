using System.Globalization;
using System.Text;
using Google.Protobuf;
using Kata.Linux;
using Kata.Protocols.Containerd.Runtime;
using Kata.Shim.Persistence;
using Kata.Shim.Runtime;

namespace Kata.Shim.Hosting;

/// <summary>
/// <c>start</c>: makes sure a daemon serves the sandbox, and returns the address containerd is to dial. It is on the path of every
/// container, so it reads and touches nothing the daemon can do later.
/// </summary>
internal static class StartCommand
{
    /// <summary>The daemon's listening socket.</summary>
    internal const int ListenerDescriptor = 3;

    /// <summary>Returns what to print. The working directory is the bundle. Must run on the process's main thread: see <see cref="Spawn"/>.</summary>
    internal static byte[] Run(ShimArguments arguments, Stream standardInput)
    {
        var bundle = Environment.CurrentDirectory;
        var role = ContainerRole.Of(arguments.Id, BundleAnnotations.Read(bundle));
        if (Identifier.Problem(role.SandboxId) is { } problem)
            throw new CommandLineException($"The sandbox id in the annotations of {bundle}/config.json: {problem}");
        var input = StartInput.Read(standardInput, arguments);
        var path = ShimSocket.PathFor(arguments, role.SandboxId);
        string address;
        if (role.Kind == ContainerKind.PodContainer)
        {
            if (!ShimSocket.IsServed(path))
                throw new CommandLineException($"No shim serves sandbox {role.SandboxId}, which container {arguments.Id} belongs to: was the pod's sandbox deleted?");
            address = $"unix://{path}";
            BundleFiles.WriteAddress(bundle, address);
        }
        else
        {
            using var socket = ShimSocket.ListenOrFind(path);
            address = socket.Address;
            if (socket.Listener is not null)
                StartDaemon(arguments, role.SandboxId, input, socket, bundle);
            else
                BundleFiles.WriteAddress(bundle, address);
        }

        return input.IsBootstrap
            ? new BootstrapResult { Version = 2, Address = address, Protocol = "ttrpc" }.ToByteArray()
            : Encoding.UTF8.GetBytes(address);
    }

    private static void StartDaemon(ShimArguments arguments, string sandboxId, StartInput input, ShimSocket socket, string bundle)
    {
        int? daemon = null;
        try
        {
            if (input.ShimCgroup.Length > 0)
                ShimCgroup.Join(input.ShimCgroup);
            daemon = Spawn(arguments, sandboxId, socket, bundle);
            AdjustOomScore(daemon.Value);
            BundleFiles.WriteDaemonPid(bundle, daemon.Value);
            // A daemon whose address nobody learns must not stay.
            BundleFiles.WriteAddress(bundle, socket.Address);
        }
        catch
        {
            if (daemon is { } pid)
                ProcessTable.SendSignal(pid, Signal.SIGKILL);
            socket.Abandon();
            throw;
        }
    }

    // The daemon is born into a mount namespace of its own, so that every mount it makes is gone with its last process, however that
    // ends. unshare(2) acts on the calling thread only and the child inherits from it: hence the main thread, which ends right after.
    private static int Spawn(ShimArguments arguments, string sandboxId, ShimSocket socket, string bundle)
    {
        Namespaces.Unshare(NamespaceKinds.Mount);
        // Slave: the host's mounts still arrive here, ours never go there. Shared on top: virtiofsd's own namespace follows this one.
        MountPoint.SetPropagation("/", MountFlags.Recursive | MountFlags.Slave);
        MountPoint.SetPropagation("/", MountFlags.Recursive | MountFlags.Shared);
        if (Environment.GetEnvironmentVariable("SCHED_CORE") is { Length: > 0 })
            TryCreateCoreSchedulingDomain(bundle);
        List<string> flags =
        [
            "-namespace", arguments.Namespace, "-address", arguments.Address, "-publish-binary", arguments.PublishBinary,
            "-id", arguments.Id, "-socket", socket.Path,
        ];
        if (arguments.Debug)
            flags.Add("-debug");
        return ChildProcess.StartUnwatched(new ChildProcessOptions
        {
            Path = Environment.ProcessPath!,
            Arguments = flags,
            Environment = EnvironmentOf(arguments, sandboxId),
            WorkingDirectory = bundle,
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [ListenerDescriptor] = socket.Listener! },
            NewSession = true,
        });
    }

    private static Dictionary<string, string> EnvironmentOf(ShimArguments arguments, string sandboxId)
    {
        var environment = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        environment[LeftoverCleaner.Mark] = $"{arguments.Namespace}/{sandboxId}";
        return environment;
    }

    private static void TryCreateCoreSchedulingDomain(string bundle)
    {
        try
        {
            CurrentProcess.CreateCoreSchedulingDomain();
        }
        catch (LinuxException exception)
        {
            // Machines without simultaneous multithreading answer ENODEV or EINVAL, and need no such protection.
            using var log = LogFile.Open(bundle);
            log.Write(Encoding.UTF8.GetBytes($"level=warning msg=\"core scheduling was asked for but is not possible: {exception.Errno}\"\n"));
        }
    }

    // The daemon dies of memory shortage before containerd does, and the workload before the daemon.
    private static void AdjustOomScore(int daemon)
    {
        const int Maximum = 1000;
        try
        {
            var parent = File.ReadAllText($"/proc/{CurrentProcess.ParentId}/oom_score_adj");
            var score = Math.Min(Maximum, int.Parse(parent, CultureInfo.InvariantCulture) + 1);
            File.WriteAllText($"/proc/{daemon}/oom_score_adj", score.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without CAP_SYS_RESOURCE the score stays; a parent that is gone says the same.
        }
    }
}
