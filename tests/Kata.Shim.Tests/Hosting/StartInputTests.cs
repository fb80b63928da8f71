using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Kata.Protocols;
using Kata.Protocols.Containerd.Runtime;
using Kata.Protocols.Containerd.Runtime.Runc;
using Kata.Shim.Hosting;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class StartInputTests
{
    private static readonly ShimArguments Arguments = new() { Action = ShimAction.Start, Id = "c1", Namespace = "default" };

    [TestMethod]
    public void Parse_Nothing_HasNoOptions() => Assert.AreEqual(new StartInput(false, ""), StartInput.Parse([], Arguments));

    [TestMethod]
    public void Parse_RuncOptionsWithAnyPrefix_GivesTheCgroup()
    {
        var any = AnyPayload.Pack(new Protocols.Containerd.Runtime.Runc.Options { ShimCgroup = "/shims" });
        any.TypeUrl = "type.googleapis.com/" + any.TypeUrl;

        Assert.AreEqual(new StartInput(false, "/shims"), StartInput.Parse(any.ToByteArray(), Arguments));
    }

    [TestMethod]
    public void Parse_OptionsOfClientsForOtherRuntimes_GiveTheCgroup()
    {
        var any = AnyPayload.Pack(new CreateOptions { ShimCgroup = "shims", IoUid = 7 });

        Assert.AreEqual(new StartInput(false, "shims"), StartInput.Parse(any.ToByteArray(), Arguments));
    }

    [TestMethod]
    public void Parse_UnknownOptions_AreNoError()
    {
        var any = new Any { TypeUrl = "some.other.Options", Value = ByteString.CopyFrom(0xff, 0xfe) };

        Assert.AreEqual(new StartInput(false, ""), StartInput.Parse(any.ToByteArray(), Arguments));
        Assert.AreEqual(new StartInput(false, ""), StartInput.Parse([0xff, 0xff, 0xff], Arguments));
    }

    [TestMethod]
    public void Parse_BootstrapParams_AreToldFromAnAnyByTheirValues()
    {
        var bootstrap = new BootstrapParams { InstanceId = "c1", Namespace = "default", ContainerdVersion = "2.3.0" };
        bootstrap.Extensions.Add(new Kata.Protocols.Containerd.Runtime.Extension { Value = AnyPayload.Pack(new CreateOptions { ShimCgroup = "shims" }) });

        Assert.AreEqual(new StartInput(true, "shims"), StartInput.Parse(bootstrap.ToByteArray(), Arguments));
        bootstrap.InstanceId = "another";
        Assert.IsFalse(StartInput.Parse(bootstrap.ToByteArray(), Arguments).IsBootstrap);
    }
}
