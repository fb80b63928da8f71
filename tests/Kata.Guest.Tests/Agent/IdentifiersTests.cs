using Grpc.Core;
using Kata.Guest.Agent;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class IdentifiersTests
{
    [TestMethod]
    [DataRow("a")]
    [DataRow("0f3c.a_b-c")]
    public void CheckContainer_PlainId_Passes(string id) => Assert.AreEqual(id, Identifiers.CheckContainer(id));

    [TestMethod]
    [DataRow("")]
    [DataRow("../x")]
    [DataRow("..")]
    [DataRow(".hidden")]
    [DataRow("-rf")]
    [DataRow("a/b")]
    [DataRow("a b")]
    [DataRow("a\0b")]
    [DataRow("ä")]
    [DataRow("sandbox")]
    [DataRow("shared")]
    public void CheckContainer_PathLikeOrReservedId_IsInvalidArgument(string id)
    {
        var error = Assert.ThrowsExactly<AgentException>(() => Identifiers.CheckContainer(id));
        Assert.AreEqual(StatusCode.InvalidArgument, error.Code);
        Assert.IsFalse(error.Message.Any(char.IsControl));
    }

    [TestMethod]
    public void CheckExec_OverlongId_IsInvalidArgument() =>
        Assert.ThrowsExactly<AgentException>(() => Identifiers.CheckExec(new string('a', 129)));
}
