using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Kata.Protocols;
using Kata.Protocols.Containerd.Runtime;
using Kata.Protocols.Containerd.Runtime.Runc;

namespace Kata.Shim.Hosting;

/// <summary>What containerd writes to the standard input of <c>start</c>.</summary>
/// <param name="IsBootstrap">It was a <c>BootstrapParams</c> (containerd 2.3 and later), which is answered with a <c>BootstrapResult</c>.</param>
/// <param name="ShimCgroup">The cgroup the daemon is to join, below each hierarchy's root; empty for none.</param>
internal readonly record struct StartInput(bool IsBootstrap, string ShimCgroup)
{
    private static readonly StartInput Nothing = new(false, "");

    private const int MaxSize = 4 * 1024 * 1024;

    /// <summary>Reads to the end of the input. Nothing that is unknown or malformed makes <c>start</c> fail: the options come again with Create.</summary>
    internal static StartInput Read(Stream input, ShimArguments arguments)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (length < MaxSize && input.Read(buffer, length, buffer.Length - length) is > 0 and var count)
        {
            length += count;
            if (length == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
        }

        return Parse(buffer.AsSpan(0, length), arguments);
    }

    internal static StartInput Parse(ReadOnlySpan<byte> input, ShimArguments arguments)
    {
        if (input.IsEmpty)
            return Nothing;
        try
        {
            // The first two fields of Any and BootstrapParams have the same wire types: only their values tell them apart.
            var bootstrap = BootstrapParams.Parser.ParseFrom(input);
            if (bootstrap.InstanceId == arguments.Id && bootstrap.Namespace == arguments.Namespace)
            {
                var cgroup = "";
                foreach (var extension in bootstrap.Extensions)
                    cgroup = CgroupOf(extension.Value) is { Length: > 0 } found ? found : cgroup;
                return new(true, cgroup);
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // An Any whose value is not UTF-8 text, which the namespace would be.
        }

        try
        {
            return new(false, CgroupOf(Any.Parser.ParseFrom(input)));
        }
        catch (InvalidProtocolBufferException)
        {
            return Nothing;
        }
    }

    private static string CgroupOf(Any? options)
    {
        if (AnyPayload.TryUnpack<Protocols.Containerd.Runtime.Runc.Options>(options, out var runc))
            return runc.ShimCgroup;
        return AnyPayload.TryUnpack<CreateOptions>(options, out var create) ? create.ShimCgroup : "";
    }
}
