using System.Net.Sockets;
using Kata.Linux;
using Kata.Protocols.Oci;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources.HostHooks;

/// <summary>Runs the hooks of a container that belong on the host. A hook that fails is logged and does not stop anything, as in every Kata runtime.</summary>
internal sealed class HookRunner(ILogger logger)
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Runs the hooks of a stage one after the other.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="hooks">The container's hooks.</param>
    /// <param name="state">Given to each on standard input.</param>
    /// <param name="networkNamespace">Where hooks of the create-container stage run; null for here.</param>
    /// <param name="cancellationToken">Ends the running hook and skips the others.</param>
    /// <returns>How many ran.</returns>
    public async ValueTask<int> RunAsync(
        HookStage stage, Hooks? hooks, State state, string? networkNamespace, CancellationToken cancellationToken)
    {
        var list = ListOf(stage, hooks);
        if (list.Count == 0)
            return 0;
        var input = OciJson.Write(state);
        foreach (var hook in list)
        {
            try
            {
                await RunAsync(hook, input, stage == HookStage.CreateContainer ? networkNamespace : null, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or SocketException or TimeoutException or ArgumentException)
            {
                ResourcesLog.HookFailed(logger, hook.Path ?? "", stage.ToString(), exception.Message);
            }
        }

        return list.Count;
    }

    private static IReadOnlyList<Hook> ListOf(HookStage stage, Hooks? hooks) => stage switch
    {
        HookStage.Prestart => hooks?.Prestart,
        HookStage.CreateRuntime => hooks?.CreateRuntime,
        HookStage.CreateContainer => hooks?.CreateContainer,
        HookStage.Poststart => hooks?.Poststart,
        _ => hooks?.Poststop,
    } ?? [];

    private static async Task RunAsync(Hook hook, byte[] input, string? networkNamespace, CancellationToken cancellationToken)
    {
        if (hook.Path is null || !Path.IsPathRooted(hook.Path))
            throw new IOException("its path must be absolute");
        var (near, far) = UnixSocket.Pair();
        using var standardInput = new Socket(new SafeSocketHandle(near.DangerousGetHandle(), ownsHandle: true));
        near.SetHandleAsInvalid();
        ChildProcess child;
        using (far)
        {
            var options = new ChildProcessOptions
            {
                Path = hook.Path,
                Arguments = hook.Args?.Skip(1).ToList() ?? [],
                Environment = EnvironmentOf(hook),
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [0] = far },
            };
            child = networkNamespace is null
                ? ChildProcess.Start(options)
                : Namespaces.RunIn(networkNamespace, NamespaceKinds.Network, () => ChildProcess.Start(options));
        }

        using (child)
        {
            var timeout = hook.Timeout is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : DefaultTimeout;
            try
            {
                await SendAsync(standardInput, input, child.Exited, cancellationToken).WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
                var status = await child.Exited.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
                if (status.ShellCode != 0)
                    throw new IOException($"it ended with {status}");
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"it did not end within {timeout.TotalSeconds:0} s and was killed");
            }
            finally
            {
                child.Kill(Signal.SIGKILL);
            }
        }
    }

    /// <summary>A hook need not read its input; its end counts.</summary>
    private static async Task SendAsync(Socket socket, byte[] input, Task exited, CancellationToken cancellationToken)
    {
        try
        {
            var sending = socket.SendAsync(input, cancellationToken).AsTask();
            if (await Task.WhenAny(sending, exited).ConfigureAwait(false) == sending)
                await sending.ConfigureAwait(false);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It closed its input.
        }
    }

    private static Dictionary<string, string> EnvironmentOf(Hook hook)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in hook.Env ?? [])
        {
            var end = variable.IndexOf('=', StringComparison.Ordinal);
            if (end > 0)
                environment[variable[..end]] = variable[(end + 1)..];
        }

        return environment;
    }
}
