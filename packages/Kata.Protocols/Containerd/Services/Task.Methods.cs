using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols.Containerd.Task;

namespace Kata.Protocols.Containerd.Services;

/// <content>Its methods as values.</content>
public static partial class Task
{
    /// <summary>The methods of <c>containerd.task.v2.Task</c>, for callers and servers that avoid the generic virtual methods of generated code.</summary>
    public static class Methods
    {
        /// <summary>Method <c>State</c>.</summary>
        public static Method<StateRequest, StateResponse> State => __Method_State;

        /// <summary>Method <c>Create</c>.</summary>
        public static Method<CreateTaskRequest, CreateTaskResponse> Create => __Method_Create;

        /// <summary>Method <c>Start</c>.</summary>
        public static Method<StartRequest, StartResponse> Start => __Method_Start;

        /// <summary>Method <c>Delete</c>.</summary>
        public static Method<DeleteRequest, DeleteResponse> Delete => __Method_Delete;

        /// <summary>Method <c>Pids</c>.</summary>
        public static Method<PidsRequest, PidsResponse> Pids => __Method_Pids;

        /// <summary>Method <c>Pause</c>.</summary>
        public static Method<PauseRequest, Empty> Pause => __Method_Pause;

        /// <summary>Method <c>Resume</c>.</summary>
        public static Method<ResumeRequest, Empty> Resume => __Method_Resume;

        /// <summary>Method <c>Checkpoint</c>.</summary>
        public static Method<CheckpointTaskRequest, Empty> Checkpoint => __Method_Checkpoint;

        /// <summary>Method <c>Kill</c>.</summary>
        public static Method<KillRequest, Empty> Kill => __Method_Kill;

        /// <summary>Method <c>Exec</c>.</summary>
        public static Method<ExecProcessRequest, Empty> Exec => __Method_Exec;

        /// <summary>Method <c>ResizePty</c>.</summary>
        public static Method<ResizePtyRequest, Empty> ResizePty => __Method_ResizePty;

        /// <summary>Method <c>CloseIO</c>.</summary>
        public static Method<CloseIORequest, Empty> CloseIO => __Method_CloseIO;

        /// <summary>Method <c>Update</c>.</summary>
        public static Method<UpdateTaskRequest, Empty> Update => __Method_Update;

        /// <summary>Method <c>Wait</c>.</summary>
        public static Method<WaitRequest, WaitResponse> Wait => __Method_Wait;

        /// <summary>Method <c>Stats</c>.</summary>
        public static Method<StatsRequest, StatsResponse> Stats => __Method_Stats;

        /// <summary>Method <c>Connect</c>.</summary>
        public static Method<ConnectRequest, ConnectResponse> Connect => __Method_Connect;

        /// <summary>Method <c>Shutdown</c>.</summary>
        public static Method<ShutdownRequest, Empty> Shutdown => __Method_Shutdown;
    }
}
