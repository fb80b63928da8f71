using Kata.Abstractions;
using Kata.Shim.Runtime.Io;

namespace Kata.Shim.Tests.Runtime.Io;

[TestClass]
public sealed class StreamUriTests
{
    [TestMethod]
    [DataRow("/run/fifo", "fifo", "/run/fifo", "")]
    [DataRow("/run/100%/a?b", "fifo", "/run/100%/a?b", "")]
    [DataRow("fifo:///run/fifo", "fifo", "/run/fifo", "")]
    [DataRow("file:///var/log/a%20b.log", "file", "/var/log/a b.log", "")]
    [DataRow("binary:///bin/log", "binary", "/bin/log", "")]
    [DataRow("binary:///bin/log?a=1&b=x%26y+z&a=2&c", "binary", "/bin/log", "a|1|b|x&y z|c|")]
    [DataRow("binary:///bin/log?m=%C3%BC%zz", "binary", "/bin/log", "m|ü%zz")]
    public void Parse_ContainerdsForms_AreUnderstood(string text, string scheme, string path, string arguments)
    {
        var uri = StreamUri.Parse("stdout", text);

        Assert.AreEqual(scheme, uri.Scheme);
        Assert.AreEqual(path, uri.Path);
        Assert.AreEqual(arguments, string.Join('|', uri.Arguments));
    }

    [TestMethod]
    [DataRow("relative/path", "is not an absolute path")]
    [DataRow("file://relative", "is not an absolute path")]
    [DataRow("npipe:////./pipe", "scheme npipe")]
    [DataRow("ttrpc+unix:///x?streaming_id=y", "scheme ttrpc+unix")]
    public void Parse_Others_AreRefused(string text, string message)
    {
        var exception = Assert.ThrowsExactly<KataException>(() => StreamUri.Parse("stdout", text));

        Assert.AreEqual(KataErrorKind.InvalidArgument, exception.Kind);
        StringAssert.Contains(exception.Message, message);
    }
}
