using Kata.Ttrpc;
using TaskApi = Kata.Protocols.Containerd.Services.Task;

namespace Kata.Shim.Services;

/// <content>How a server gets its methods.</content>
internal sealed partial class TaskService
{
    /// <summary>Binds the service under both names. Generated code would take 1.4 ms of each start; see <see cref="TtrpcServer.AddMethod"/>.</summary>
    internal void AddTo(TtrpcServer server)
    {
        server.AddMethod(TaskApi.Methods.State, State);
        server.AddMethod(TaskApi.Methods.Create, Create);
        server.AddMethod(TaskApi.Methods.Start, Start);
        server.AddMethod(TaskApi.Methods.Delete, Delete);
        server.AddMethod(TaskApi.Methods.Pids, Pids);
        server.AddMethod(TaskApi.Methods.Pause, Pause);
        server.AddMethod(TaskApi.Methods.Resume, Resume);
        server.AddMethod(TaskApi.Methods.Checkpoint, Checkpoint);
        server.AddMethod(TaskApi.Methods.Kill, Kill);
        server.AddMethod(TaskApi.Methods.Exec, Exec);
        server.AddMethod(TaskApi.Methods.ResizePty, ResizePty);
        server.AddMethod(TaskApi.Methods.CloseIO, CloseIO);
        server.AddMethod(TaskApi.Methods.Update, Update);
        server.AddMethod(TaskApi.Methods.Wait, Wait);
        server.AddMethod(TaskApi.Methods.Stats, Stats);
        server.AddMethod(TaskApi.Methods.Connect, Connect);
        server.AddMethod(TaskApi.Methods.Shutdown, Shutdown);
        server.AddServiceAlias(Version3Name, Version2Name);
    }
}
