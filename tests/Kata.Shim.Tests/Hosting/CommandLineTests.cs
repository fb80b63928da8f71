using Kata.Shim.Hosting;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class CommandLineTests
{
    [TestMethod]
    [DataRow("-namespace ns -address /a -publish-binary /p -id c1 start", "Start", "c1", "", false)]
    [DataRow("-namespace ns -address /a -publish-binary /p -id c1 -bundle /b -debug delete", "Delete", "c1", "/b", true)]
    [DataRow("--namespace=ns --id=c1 --debug=true start", "Start", "c1", "", true)]
    [DataRow("-namespace=ns -id=c1 -debug=false start", "Start", "c1", "", false)]
    [DataRow("-namespace ns -id c1 -- start", "Start", "c1", "", false)]
    [DataRow("-namespace ns -id c1 -socket /s", "Serve", "c1", "", false)]
    [DataRow("-namespace ns -id c1 -brand-new start", "Start", "c1", "", false)]
    [DataRow("-brand-new value -namespace ns -id c1 start", "Start", "c1", "", false)]
    [DataRow("-namespace ns -id c1 -brand-new=value start", "Start", "c1", "", false)]
    [DataRow("-namespace ns -id c1 -brand-new value start", "Start", "c1", "", false)]
    public void Parse_FormsOfGoFlags_AreUnderstood(string line, string action, string id, string bundle, bool debug)
    {
        var arguments = CommandLine.Parse(line.Split(' '));

        Assert.AreEqual(action, arguments.Action.ToString());
        Assert.AreEqual("ns", arguments.Namespace);
        Assert.AreEqual(id, arguments.Id);
        Assert.AreEqual(bundle, arguments.Bundle);
        Assert.AreEqual(debug, arguments.Debug);
    }

    [TestMethod]
    [DataRow("-help", "Help")]
    [DataRow("-h", "Help")]
    [DataRow("-version", "Version")]
    [DataRow("-v", "Version")]
    [DataRow("--info", "Info")]
    [DataRow("-info -version -help", "Help")]
    [DataRow("-info -version start", "Version")]
    public void Parse_Questions_NeedNothingElse(string line, string action) =>
        Assert.AreEqual(action, CommandLine.Parse(line.Split(' ')).Action.ToString());

    [TestMethod]
    [DataRow("", "No action given")]
    [DataRow("-namespace ns -id c1", "No action given")]
    [DataRow("-bogus", "Unknown flag -bogus")]
    [DataRow("-namespace ns -id c1 restart", "Unknown action \"restart\"")]
    [DataRow("-namespace ns -id c1 start now", "Unexpected argument \"now\"")]
    [DataRow("-namespace ns -id", "Flag -id needs a value")]
    [DataRow("-namespace ns -id c1 -debug=maybe start", "-debug is a switch")]
    [DataRow("-namespace ns start", "-id: must not be empty")]
    [DataRow("-id c1 start", "-namespace: must not be empty")]
    [DataRow("-namespace ns -id ../x start", "-id: \"../x\" is not an identifier")]
    [DataRow("-namespace a/b -id c1 delete", "-namespace: \"a/b\" is not an identifier")]
    [DataRow("---id c1 start", "Bad flag syntax")]
    public void Parse_Unusable_SaysWhatIsWrong(string line, string message)
    {
        var exception = Assert.ThrowsExactly<CommandLineException>(() => CommandLine.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

        StringAssert.Contains(exception.Message, message);
        Assert.IsFalse(exception.Message.Contains('\n'));
    }

    [TestMethod]
    public void Parse_EmptyPublishBinary_IsAValue()
    {
        var arguments = CommandLine.Parse(["-publish-binary", "", "-address", "", "-namespace", "ns", "-id", "c1", "start"]);

        Assert.AreEqual("c1", arguments.Id);
    }
}
