using Kata.Shim.Hosting;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class IdentifierTests
{
    [TestMethod]
    [DataRow("a")]
    [DataRow("9")]
    [DataRow("web-1.example_2")]
    [DataRow("c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00")]
    public void IsValid_UsualIds_True(string id) => Assert.IsTrue(Identifier.IsValid(id));

    [TestMethod]
    [DataRow("")]
    [DataRow(".")]
    [DataRow("..")]
    [DataRow("../x")]
    [DataRow("-rf")]
    [DataRow("a/b")]
    [DataRow("a b")]
    [DataRow("ä")]
    [DataRow("a\0")]
    public void IsValid_WhatIsUnsafeAsFileName_False(string id) => Assert.IsFalse(Identifier.IsValid(id));

    [TestMethod]
    public void Problem_TooLong_SaysHowLong()
    {
        Assert.IsNull(Identifier.Problem(new string('x', 76)));
        StringAssert.Contains(Identifier.Problem(new string('x', 300)), "has 300 characters; at most 76");
    }
}
