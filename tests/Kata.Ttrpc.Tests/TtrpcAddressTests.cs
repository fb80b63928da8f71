namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class TtrpcAddressTests
{
    [TestMethod]
    [DataRow("unix:///run/a.sock", TtrpcAddressKind.Unix, "/run/a.sock", 0u, 0u, "unix:///run/a.sock")]
    [DataRow("/run/a.sock", TtrpcAddressKind.Unix, "/run/a.sock", 0u, 0u, "unix:///run/a.sock")]
    [DataRow("vsock://3:1024", TtrpcAddressKind.Vsock, "", 3u, 1024u, "vsock://3:1024")]
    [DataRow("vsock://-1:1024", TtrpcAddressKind.Vsock, "", uint.MaxValue, 1024u, "vsock://4294967295:1024")]
    [DataRow("hvsock:///run/vm/a:b.sock:1024", TtrpcAddressKind.HybridVsock, "/run/vm/a:b.sock", 0u, 1024u, "hvsock:///run/vm/a:b.sock:1024")]
    public void Parse_Forms_RoundTrip(string text, TtrpcAddressKind kind, string path, uint cid, uint port, string formatted)
    {
        var address = TtrpcAddress.Parse(text);

        Assert.AreEqual((kind, path, cid, port), (address.Kind, address.Path, address.Cid, address.Port));
        Assert.AreEqual(formatted, address.ToString());
        Assert.AreEqual(address, TtrpcAddress.Parse(formatted));
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("unix://")]
    [DataRow("vsock://3")]
    [DataRow("vsock://x:1")]
    [DataRow("vsock://3:-1")]
    [DataRow("vsock://3:99999999999")]
    [DataRow("hvsock://:1024")]
    [DataRow("hvsock:///a.sock")]
    [DataRow("tcp://127.0.0.1:80")]
    [DataRow("/a\0b")]
    public void TryParse_Other_IsRefused(string? text)
    {
        Assert.IsFalse(TtrpcAddress.TryParse(text, out var address));
        Assert.IsNull(address);
        Assert.ThrowsExactly<FormatException>(() => TtrpcAddress.Parse(text!));
    }
}
