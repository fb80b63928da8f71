using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Kata.Protocols.Agent;

/// <content>Its methods as values.</content>
public static partial class AgentService
{
    /// <summary>The methods of <c>grpc.AgentService</c>, for callers and servers that avoid the generic virtual methods of generated code.</summary>
    public static class Methods
    {
        /// <summary>Method <c>CreateContainer</c>.</summary>
        public static Method<CreateContainerRequest, Empty> CreateContainer => __Method_CreateContainer;

        /// <summary>Method <c>StartContainer</c>.</summary>
        public static Method<StartContainerRequest, Empty> StartContainer => __Method_StartContainer;

        /// <summary>Method <c>RemoveContainer</c>.</summary>
        public static Method<RemoveContainerRequest, Empty> RemoveContainer => __Method_RemoveContainer;

        /// <summary>Method <c>ExecProcess</c>.</summary>
        public static Method<ExecProcessRequest, Empty> ExecProcess => __Method_ExecProcess;

        /// <summary>Method <c>SignalProcess</c>.</summary>
        public static Method<SignalProcessRequest, Empty> SignalProcess => __Method_SignalProcess;

        /// <summary>Method <c>WaitProcess</c>.</summary>
        public static Method<WaitProcessRequest, WaitProcessResponse> WaitProcess => __Method_WaitProcess;

        /// <summary>Method <c>UpdateContainer</c>.</summary>
        public static Method<UpdateContainerRequest, Empty> UpdateContainer => __Method_UpdateContainer;

        /// <summary>Method <c>UpdateEphemeralMounts</c>.</summary>
        public static Method<UpdateEphemeralMountsRequest, Empty> UpdateEphemeralMounts => __Method_UpdateEphemeralMounts;

        /// <summary>Method <c>StatsContainer</c>.</summary>
        public static Method<StatsContainerRequest, StatsContainerResponse> StatsContainer => __Method_StatsContainer;

        /// <summary>Method <c>PauseContainer</c>.</summary>
        public static Method<PauseContainerRequest, Empty> PauseContainer => __Method_PauseContainer;

        /// <summary>Method <c>ResumeContainer</c>.</summary>
        public static Method<ResumeContainerRequest, Empty> ResumeContainer => __Method_ResumeContainer;

        /// <summary>Method <c>RemoveStaleVirtiofsShareMounts</c>.</summary>
        public static Method<RemoveStaleVirtiofsShareMountsRequest, Empty> RemoveStaleVirtiofsShareMounts => __Method_RemoveStaleVirtiofsShareMounts;

        /// <summary>Method <c>WriteStdin</c>.</summary>
        public static Method<WriteStreamRequest, WriteStreamResponse> WriteStdin => __Method_WriteStdin;

        /// <summary>Method <c>ReadStdout</c>.</summary>
        public static Method<ReadStreamRequest, ReadStreamResponse> ReadStdout => __Method_ReadStdout;

        /// <summary>Method <c>ReadStderr</c>.</summary>
        public static Method<ReadStreamRequest, ReadStreamResponse> ReadStderr => __Method_ReadStderr;

        /// <summary>Method <c>CloseStdin</c>.</summary>
        public static Method<CloseStdinRequest, Empty> CloseStdin => __Method_CloseStdin;

        /// <summary>Method <c>TtyWinResize</c>.</summary>
        public static Method<TtyWinResizeRequest, Empty> TtyWinResize => __Method_TtyWinResize;

        /// <summary>Method <c>UpdateInterface</c>.</summary>
        public static Method<UpdateInterfaceRequest, Interface> UpdateInterface => __Method_UpdateInterface;

        /// <summary>Method <c>UpdateRoutes</c>.</summary>
        public static Method<UpdateRoutesRequest, Routes> UpdateRoutes => __Method_UpdateRoutes;

        /// <summary>Method <c>ListInterfaces</c>.</summary>
        public static Method<ListInterfacesRequest, Interfaces> ListInterfaces => __Method_ListInterfaces;

        /// <summary>Method <c>ListRoutes</c>.</summary>
        public static Method<ListRoutesRequest, Routes> ListRoutes => __Method_ListRoutes;

        /// <summary>Method <c>AddARPNeighbors</c>.</summary>
        public static Method<AddARPNeighborsRequest, Empty> AddARPNeighbors => __Method_AddARPNeighbors;

        /// <summary>Method <c>GetIPTables</c>.</summary>
        public static Method<GetIPTablesRequest, GetIPTablesResponse> GetIPTables => __Method_GetIPTables;

        /// <summary>Method <c>SetIPTables</c>.</summary>
        public static Method<SetIPTablesRequest, SetIPTablesResponse> SetIPTables => __Method_SetIPTables;

        /// <summary>Method <c>GetMetrics</c>.</summary>
        public static Method<GetMetricsRequest, Metrics> GetMetrics => __Method_GetMetrics;

        /// <summary>Method <c>CreateSandbox</c>.</summary>
        public static Method<CreateSandboxRequest, Empty> CreateSandbox => __Method_CreateSandbox;

        /// <summary>Method <c>DestroySandbox</c>.</summary>
        public static Method<DestroySandboxRequest, Empty> DestroySandbox => __Method_DestroySandbox;

        /// <summary>Method <c>OnlineCPUMem</c>.</summary>
        public static Method<OnlineCPUMemRequest, Empty> OnlineCPUMem => __Method_OnlineCPUMem;

        /// <summary>Method <c>ReseedRandomDev</c>.</summary>
        public static Method<ReseedRandomDevRequest, Empty> ReseedRandomDev => __Method_ReseedRandomDev;

        /// <summary>Method <c>GetGuestDetails</c>.</summary>
        public static Method<GuestDetailsRequest, GuestDetailsResponse> GetGuestDetails => __Method_GetGuestDetails;

        /// <summary>Method <c>MemHotplugByProbe</c>.</summary>
        public static Method<MemHotplugByProbeRequest, Empty> MemHotplugByProbe => __Method_MemHotplugByProbe;

        /// <summary>Method <c>SetGuestDateTime</c>.</summary>
        public static Method<SetGuestDateTimeRequest, Empty> SetGuestDateTime => __Method_SetGuestDateTime;

        /// <summary>Method <c>CopyFile</c>.</summary>
        public static Method<CopyFileRequest, Empty> CopyFile => __Method_CopyFile;

        /// <summary>Method <c>GetOOMEvent</c>.</summary>
        public static Method<GetOOMEventRequest, OOMEvent> GetOOMEvent => __Method_GetOOMEvent;

        /// <summary>Method <c>AddSwap</c>.</summary>
        public static Method<AddSwapRequest, Empty> AddSwap => __Method_AddSwap;

        /// <summary>Method <c>AddSwapPath</c>.</summary>
        public static Method<AddSwapPathRequest, Empty> AddSwapPath => __Method_AddSwapPath;

        /// <summary>Method <c>GetVolumeStats</c>.</summary>
        public static Method<VolumeStatsRequest, VolumeStatsResponse> GetVolumeStats => __Method_GetVolumeStats;

        /// <summary>Method <c>ResizeVolume</c>.</summary>
        public static Method<ResizeVolumeRequest, Empty> ResizeVolume => __Method_ResizeVolume;

        /// <summary>Method <c>SetPolicy</c>.</summary>
        public static Method<SetPolicyRequest, Empty> SetPolicy => __Method_SetPolicy;

        /// <summary>Method <c>GetDiagnosticData</c>.</summary>
        public static Method<GetDiagnosticDataRequest, GetDiagnosticDataResponse> GetDiagnosticData => __Method_GetDiagnosticData;

        /// <summary>Method <c>MemAgentMemcgSet</c>.</summary>
        public static Method<MemAgentMemcgConfig, Empty> MemAgentMemcgSet => __Method_MemAgentMemcgSet;

        /// <summary>Method <c>MemAgentCompactSet</c>.</summary>
        public static Method<MemAgentCompactConfig, Empty> MemAgentCompactSet => __Method_MemAgentCompactSet;
    }
}
