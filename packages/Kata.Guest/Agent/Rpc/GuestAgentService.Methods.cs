using Kata.Protocols.Agent;
using Kata.Ttrpc;

namespace Kata.Guest.Agent.Rpc;

/// <content>How a server gets its methods.</content>
internal sealed partial class GuestAgentService
{
    /// <summary>Binds the service. Generated code would add milliseconds to each boot; see <see cref="TtrpcServer.AddMethod"/>.</summary>
    public void AddTo(TtrpcServer server)
    {
        server.AddMethod(AgentService.Methods.CreateContainer, CreateContainer);
        server.AddMethod(AgentService.Methods.StartContainer, StartContainer);
        server.AddMethod(AgentService.Methods.RemoveContainer, RemoveContainer);
        server.AddMethod(AgentService.Methods.ExecProcess, ExecProcess);
        server.AddMethod(AgentService.Methods.SignalProcess, SignalProcess);
        server.AddMethod(AgentService.Methods.WaitProcess, WaitProcess);
        server.AddMethod(AgentService.Methods.UpdateContainer, UpdateContainer);
        server.AddMethod(AgentService.Methods.UpdateEphemeralMounts, UpdateEphemeralMounts);
        server.AddMethod(AgentService.Methods.StatsContainer, StatsContainer);
        server.AddMethod(AgentService.Methods.PauseContainer, PauseContainer);
        server.AddMethod(AgentService.Methods.ResumeContainer, ResumeContainer);
        server.AddMethod(AgentService.Methods.RemoveStaleVirtiofsShareMounts, RemoveStaleVirtiofsShareMounts);
        server.AddMethod(AgentService.Methods.WriteStdin, WriteStdin);
        server.AddMethod(AgentService.Methods.ReadStdout, ReadStdout);
        server.AddMethod(AgentService.Methods.ReadStderr, ReadStderr);
        server.AddMethod(AgentService.Methods.CloseStdin, CloseStdin);
        server.AddMethod(AgentService.Methods.TtyWinResize, TtyWinResize);
        server.AddMethod(AgentService.Methods.UpdateInterface, UpdateInterface);
        server.AddMethod(AgentService.Methods.UpdateRoutes, UpdateRoutes);
        server.AddMethod(AgentService.Methods.ListInterfaces, ListInterfaces);
        server.AddMethod(AgentService.Methods.ListRoutes, ListRoutes);
        server.AddMethod(AgentService.Methods.AddARPNeighbors, AddARPNeighbors);
        server.AddMethod(AgentService.Methods.GetIPTables, GetIPTables);
        server.AddMethod(AgentService.Methods.SetIPTables, SetIPTables);
        server.AddMethod(AgentService.Methods.GetMetrics, GetMetrics);
        server.AddMethod(AgentService.Methods.CreateSandbox, CreateSandbox);
        server.AddMethod(AgentService.Methods.DestroySandbox, DestroySandbox);
        server.AddMethod(AgentService.Methods.OnlineCPUMem, OnlineCPUMem);
        server.AddMethod(AgentService.Methods.ReseedRandomDev, ReseedRandomDev);
        server.AddMethod(AgentService.Methods.GetGuestDetails, GetGuestDetails);
        server.AddMethod(AgentService.Methods.MemHotplugByProbe, MemHotplugByProbe);
        server.AddMethod(AgentService.Methods.SetGuestDateTime, SetGuestDateTime);
        server.AddMethod(AgentService.Methods.CopyFile, CopyFile);
        server.AddMethod(AgentService.Methods.GetOOMEvent, GetOOMEvent);
        server.AddMethod(AgentService.Methods.AddSwap, AddSwap);
        server.AddMethod(AgentService.Methods.AddSwapPath, AddSwapPath);
        server.AddMethod(AgentService.Methods.GetVolumeStats, GetVolumeStats);
        server.AddMethod(AgentService.Methods.ResizeVolume, ResizeVolume);
        server.AddMethod(AgentService.Methods.SetPolicy, SetPolicy);
        server.AddMethod(AgentService.Methods.GetDiagnosticData, GetDiagnosticData);
        server.AddMethod(AgentService.Methods.MemAgentMemcgSet, MemAgentMemcgSet);
        server.AddMethod(AgentService.Methods.MemAgentCompactSet, MemAgentCompactSet);
    }
}
