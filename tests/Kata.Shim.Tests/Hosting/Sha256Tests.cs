using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Kata.Shim.Hosting;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class Sha256Tests
{
    // FIPS 180-4 examples.
    [TestMethod]
    [DataRow("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [DataRow("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [DataRow("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void HexDigest_PublishedExamples_Match(string text, string digest) =>
        Assert.AreEqual(digest, Sha256.HexDigest(Encoding.ASCII.GetBytes(text)));

    [TestMethod]
    public void HexDigest_AnyLength_MatchesTheBaseClassLibrary() =>
        Gen.Byte.Array[0, 300].Sample(data => Sha256.HexDigest(data) == Convert.ToHexStringLower(SHA256.HashData(data)), iter: 500);
}
