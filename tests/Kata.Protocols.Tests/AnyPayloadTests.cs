using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Kata.Protocols.Containerd.Events;
using Kata.Protocols.Containerd.Runtime.Runc;
using Kata.Protocols.Oci;
using V1 = Kata.Protocols.Containerd.Metrics.V1;
using V2 = Kata.Protocols.Containerd.Metrics.V2;

namespace Kata.Protocols.Tests;

[TestClass]
public sealed class AnyPayloadTests
{
    [TestMethod]
    public void Pack_Event_UsesTheBareNameAndTheseBytes()
    {
        var any = AnyPayload.Pack(new TaskExit
        {
            ContainerId = "c",
            Id = "e",
            Pid = 300,
            ExitStatus = 137,
            ExitedAt = new Timestamp { Seconds = 1, Nanos = 2 },
        });

        Assert.AreEqual("containerd.events.TaskExit", any.TypeUrl);
        Assert.AreEqual("0A 01 63 12 01 65 18 AC 02 20 89 01 2A 04 08 01 10 02", Hex(any.Value));
    }

    [TestMethod]
    public void Envelope_Bytes_AreTheseLiterals()
    {
        var request = new ForwardRequest
        {
            Envelope = new()
            {
                Timestamp = new Timestamp { Seconds = 1 },
                Namespace = "n",
                Topic = TaskStart.Topic,
                Event = AnyPayload.Pack(new TaskStart { ContainerId = "c", Pid = 1 }),
            },
        };

        Assert.AreEqual(
            "0A 3B 0A 02 08 01 12 01 6E 1A 0C " + Hex(ByteString.CopyFromUtf8("/tasks/start")) + " 22 24 0A 1B "
            + Hex(ByteString.CopyFromUtf8("containerd.events.TaskStart")) + " 12 05 0A 01 63 10 01",
            Hex(request.ToByteString()));
    }

    [TestMethod]
    [DataRow("containerd.runc.v1.Options")]
    [DataRow("type.googleapis.com/containerd.runc.v1.Options")]
    [DataRow("/containerd.runc.v1.Options")]
    public void TryUnpack_AnyPrefix_IsAccepted(string url)
    {
        var any = new Any { TypeUrl = url, Value = new Options { ShimCgroup = "/x" }.ToByteString() };

        Assert.IsTrue(AnyPayload.TryUnpack<Options>(any, out var options));
        Assert.AreEqual("/x", options.ShimCgroup);
    }

    [TestMethod]
    [DataRow("containerd.linux.runc.CreateOptions")]
    [DataRow("xcontainerd.runc.v1.Options")]
    [DataRow("Options")]
    [DataRow("")]
    public void TryUnpack_OtherType_IsFalse(string url)
    {
        Assert.IsFalse(AnyPayload.TryUnpack<Options>(new Any { TypeUrl = url }, out var options));
        Assert.IsNull(options);
    }

    [TestMethod]
    public void TryUnpack_Absent_IsFalse() => Assert.IsFalse(AnyPayload.TryUnpack<Options>(null, out _));

    [TestMethod]
    public void TryUnpack_MalformedBytes_Throws() => Assert.ThrowsExactly<InvalidProtocolBufferException>(
        () => AnyPayload.TryUnpack<Options>(new Any { TypeUrl = Options.TypeName, Value = ByteString.CopyFrom(0xFF) }, out _));

    [TestMethod]
    public void Pack_Process_IsJsonUnderContainerdsUrl()
    {
        var any = AnyPayload.Pack(new Process { Args = ["ls"], Cwd = "/" });

        Assert.AreEqual("types.containerd.io/opencontainers/runtime-spec/1/Process", any.TypeUrl);
        Assert.AreEqual("""{"args":["ls"],"cwd":"/"}""", any.Value.ToStringUtf8());
        Assert.IsTrue(AnyPayload.TryUnpackProcess(any, out var process));
        Assert.AreEqual("ls", process.Args![0]);
        Assert.IsFalse(AnyPayload.TryUnpackResources(any, out _));
    }

    [TestMethod]
    public void TryUnpackResources_AnyPrefix_IsAccepted()
    {
        var any = new Any { TypeUrl = "x/LinuxResources", Value = ByteString.CopyFromUtf8("""{"pids":{"limit":5}}""") };

        Assert.IsTrue(AnyPayload.TryUnpackResources(any, out var resources));
        Assert.AreEqual(5, resources.Pids!.Limit);
    }

    [TestMethod]
    public void TypeNames_OfAllNamedMessages_AreTheirDescriptors()
    {
        Check<TaskCreate>();
        Check<TaskStart>();
        Check<TaskExit>();
        Check<TaskDelete>();
        Check<TaskExecAdded>();
        Check<TaskExecStarted>();
        Check<TaskOOM>();
        Check<TaskPaused>();
        Check<TaskResumed>();
        Check<TaskCheckpointed>();
        Check<V1.Metrics>();
        Check<V2.Metrics>();
        Check<Containerd.Runtime.Options>();
        Check<Options>();
        Check<CheckpointOptions>();
        Check<ProcessDetails>();
        Check<CreateOptions>();

        static void Check<T>()
            where T : INamedMessage, new() => Assert.AreEqual(new T().Descriptor.FullName, T.TypeName);
    }

    private static string Hex(ByteString bytes) => BitConverter.ToString(bytes.ToByteArray()).Replace('-', ' ');
}
