using System.Text;
using Grpc.Core;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Server;

/// <summary>One registered method: its names and how to run its handler.</summary>
internal abstract class ServerMethod(IMethod method)
{
    public string Name { get; } = method.Name;

    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(method.Name);

    /// <summary>The client sends data frames.</summary>
    public bool IsClientStreaming { get; } = method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming;

    /// <summary>The server sends data frames.</summary>
    public bool IsServerStreaming { get; } = method.Type is MethodType.ServerStreaming or MethodType.DuplexStreaming;

    /// <summary>Parses the message in the request frame; null when the messages come as data frames.</summary>
    public abstract object? ParseRequest(ReadOnlyMemory<byte> payload);

    /// <summary>Runs the handler. The single response, if the method has one, goes to <see cref="ServerCall.Response"/>.</summary>
    public abstract Task InvokeAsync(ServerCall call);

    /// <summary>Serializes <see cref="ServerCall.Response"/>.</summary>
    public abstract void WriteResponse(FrameWriter writer, object response);
}
