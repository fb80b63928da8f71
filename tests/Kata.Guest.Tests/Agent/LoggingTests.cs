using System.Text.Json;
using Kata.Guest.Agent.Logging;
using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class LoggingTests
{
    [TestMethod]
    public void Log_Message_IsALineOfJsonWithTheRuntimesLevel()
    {
        var lines = new List<byte[]>();
        var hub = new LogHub(LogLevel.Information, hasPort: true);
        hub.SetReader(lines.Add);
        hub.CreateLogger("container").ContainerCreated("c\n1", 42);
        hub.CreateLogger("container").ProcessStarted("c1", "e1", 1);

        var line = lines.Single();
        Assert.AreEqual((byte)'\n', line[^1]);
        Assert.AreEqual(1, line.Count(b => b == '\n'));
        using var json = JsonDocument.Parse(line);
        Assert.AreEqual("INFO", json.RootElement.GetProperty("level").GetString());
        Assert.AreEqual("container c\n1 created, pid 42", json.RootElement.GetProperty("msg").GetString());
        Assert.AreEqual("c\n1", json.RootElement.GetProperty("container").GetString());
        Assert.AreEqual("container", json.RootElement.GetProperty("subsystem").GetString());
    }

    [TestMethod]
    [DataRow(LogLevel.Trace, "TRCE")]
    [DataRow(LogLevel.Debug, "DEBG")]
    [DataRow(LogLevel.Warning, "WARN")]
    [DataRow(LogLevel.Error, "ERRO")]
    [DataRow(LogLevel.Critical, "CRIT")]
    public void Format_Level_HasItsName(LogLevel level, string name)
    {
        using var json = JsonDocument.Parse(JsonLogger.Format(level, "x", "m", null, new IOException("why"), DateTimeOffset.UnixEpoch));
        Assert.AreEqual(name, json.RootElement.GetProperty("level").GetString());
        Assert.AreEqual("m: why", json.RootElement.GetProperty("msg").GetString());
        Assert.AreEqual("1970-01-01T00:00:00.0000000Z", json.RootElement.GetProperty("ts").GetString());
    }

    [TestMethod]
    public void SetReader_LinesFromBefore_ComeFirst()
    {
        var hub = new LogHub(LogLevel.Information, hasPort: true);
        for (var i = 0; i < 300; i++)
            hub.CreateLogger("x").ContainerRemoved($"c{i}");
        var lines = new List<byte[]>();
        hub.SetReader(lines.Add);
        Assert.HasCount(256, lines);
        hub.SetReader(null);
        hub.CreateLogger("x").ContainerRemoved("last");
        Assert.HasCount(256, lines);
    }

    [TestMethod]
    public void UseKernelLog_LongLine_IsCutToARecord()
    {
        var (read, write) = FileDescriptors.Pipe();
        using (read)
        using (write)
        {
            var hub = new LogHub(LogLevel.Information, hasPort: false);
            hub.UseKernelLog(write);
            hub.CreateLogger("x").ContainerRemoved(new string('c', 2000));
            var buffer = new byte[4096];
            var text = System.Text.Encoding.ASCII.GetString(buffer, 0, FileDescriptors.Read(read, buffer));
            StringAssert.StartsWith(text, "<30>kata-agent: {\"msg\":");
            Assert.AreEqual(960, text.Length);
        }
    }
}
