using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Kata.Protocols.Oci;

namespace Kata.Protocols;

/// <summary>Packs and unpacks <see cref="Any"/> the way containerd does: protobuf under the bare message name, OCI records as JSON under
/// <c>types.containerd.io/opencontainers/runtime-spec/1/</c>. Reading accepts any prefix.</summary>
public static class AnyPayload
{
    private const string OciPrefix = "types.containerd.io/opencontainers/runtime-spec/1/";

    /// <summary>Packs a message. Its type URL has no prefix: containerd 1.6 looks the whole URL up as a name.</summary>
    public static Any Pack<T>(T message)
        where T : INamedMessage => new() { TypeUrl = T.TypeName, Value = message.ToByteString() };

    /// <summary>Whether the payload is a <typeparamref name="T"/>.</summary>
    public static bool Is<T>([NotNullWhen(true)] Any? any)
        where T : INamedMessage => HasName(any, T.TypeName);

    /// <summary>Unpacks a message; false when the payload is of another type or absent.</summary>
    /// <exception cref="InvalidProtocolBufferException">The type matches but the bytes are malformed.</exception>
    public static bool TryUnpack<T>(Any? any, [NotNullWhen(true)] out T? message)
        where T : class, INamedMessage, new()
    {
        message = Is<T>(any) ? new T() : null;
        message?.MergeFrom(any!.Value);
        return message is not null;
    }

    /// <summary>Packs a configuration, the payload of a container record.</summary>
    public static Any Pack(Spec spec) => PackJson("Spec", OciJson.Write(spec));

    /// <summary>Packs a process, the payload of an exec.</summary>
    public static Any Pack(Process process) => PackJson("Process", OciJson.Write(process));

    /// <summary>Packs resources, the payload of an update.</summary>
    public static Any Pack(LinuxResources resources) => PackJson("LinuxResources", OciJson.Write(resources));

    /// <summary>Packs runtime features, part of the answer to <c>-info</c>.</summary>
    public static Any Pack(Features features) => PackJson("features/Features", OciJson.Write(features));

    /// <summary>Unpacks a process; false when the payload is of another type or absent.</summary>
    /// <exception cref="OciFormatException">The type matches but the JSON is malformed.</exception>
    public static bool TryUnpackProcess(Any? any, [NotNullWhen(true)] out Process? process)
    {
        process = HasName(any, "Process") ? OciJson.ReadProcess(any.Value.Span, "process") : null;
        return process is not null;
    }

    /// <summary>Unpacks resources; false when the payload is of another type or absent.</summary>
    /// <exception cref="OciFormatException">The type matches but the JSON is malformed.</exception>
    public static bool TryUnpackResources(Any? any, [NotNullWhen(true)] out LinuxResources? resources)
    {
        resources = HasName(any, "LinuxResources") ? OciJson.ReadResources(any.Value.Span, "resources") : null;
        return resources is not null;
    }

    private static Any PackJson(string name, byte[] json) =>
        new() { TypeUrl = OciPrefix + name, Value = UnsafeByteOperations.UnsafeWrap(json) };

    private static bool HasName([NotNullWhen(true)] Any? any, string name) =>
        any is not null && any.TypeUrl.AsSpan(any.TypeUrl.LastIndexOf('/') + 1).SequenceEqual(name);
}
