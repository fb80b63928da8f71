using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Kata.Protocols.Agent;
using Kata.Protocols.Agent.Oci;

namespace Kata.Guest.Tests.Agent.Machine;

/// <summary>A started container; removed at the end, which must succeed.</summary>
internal sealed class GuestContainer : IAsyncDisposable
{
    private static int s_last;

    private readonly AgentService.AgentServiceClient _agent;

    private GuestContainer(AgentService.AgentServiceClient agent, string id) => (_agent, Id) = (agent, id);

    public string Id { get; }

    public static async Task<GuestContainer> StartAsync(
        AgentService.AgentServiceClient agent, Spec spec, Storage? storage = null, string? id = null)
    {
        var container = new GuestContainer(agent, id ?? $"c{Interlocked.Increment(ref s_last)}");
        var request = new CreateContainerRequest { ContainerId = container.Id, OCI = spec };
        if (storage is not null)
            request.Storages.Add(storage);
        await agent.CreateContainerAsync(request);
        await agent.StartContainerAsync(new StartContainerRequest { ContainerId = container.Id });
        return container;
    }

    public async Task<int> WaitAsync(string exec) =>
        (await _agent.WaitProcessAsync(new WaitProcessRequest { ContainerId = Id, ExecId = exec })).Status;

    /// <summary>Reads as the runtime does: until an empty answer or an error.</summary>
    public async Task<string> ReadToEndAsync(string exec, bool error = false)
    {
        var bytes = new MemoryStream();
        var request = new ReadStreamRequest { ContainerId = Id, ExecId = exec, Len = 32768 };
        try
        {
            while ((error ? await _agent.ReadStderrAsync(request) : await _agent.ReadStdoutAsync(request)).Data is { IsEmpty: false } data)
                data.WriteTo(bytes);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            // The process was waited for and its output read: the agent has forgotten it.
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    public async Task<(int Status, string Output)> ExecAsync(string exec, Process process, string input)
    {
        await _agent.ExecProcessAsync(new ExecProcessRequest { ContainerId = Id, ExecId = exec, Process = process });
        if (input.Length > 0)
            await _agent.WriteStdinAsync(new WriteStreamRequest { ContainerId = Id, ExecId = exec, Data = ByteString.CopyFromUtf8(input) });
        await _agent.WriteStdinAsync(new WriteStreamRequest { ContainerId = Id, ExecId = exec });
        var output = ReadToEndAsync(exec);
        var error = ReadToEndAsync(exec, error: true);
        var status = await WaitAsync(exec);
        await error;
        return (status, await output);
    }

    public async ValueTask DisposeAsync() =>
        await _agent.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = Id, Timeout = 30 });
}
