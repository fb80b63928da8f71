using Kata.Vmm.Dragonball.Adapter;
using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Tests.Adapter;

[TestClass]
public sealed class ConsoleLogTests : ILogger
{
    private readonly List<string> _lines = [];

    [TestMethod]
    public void Write_Pieces_BecomeCleanLines()
    {
        using var log = new ConsoleLog(this);
        foreach (var piece in (string[])["Linux ver", "sion 6.1\r\n\n\x1b[0m", "next\n", "unfinished"])
            log.Write(System.Text.Encoding.UTF8.GetBytes(piece));
        CollectionAssert.AreEqual(new[] { "console: Linux version 6.1", "console: [0mnext" }, _lines);
    }

    [TestMethod]
    public void Write_EndlessLine_IsCut()
    {
        using var log = new ConsoleLog(this);
        for (var i = 0; i < 100; i++)
            log.Write(new string('x', 1000).Select(character => (byte)character).ToArray());
        log.Write("\n"u8);
        Assert.AreEqual("console: ".Length + 1024, _lines.Single().Length);
    }

    [TestMethod]
    public void Write_Flood_LogsOnlySoManyLines()
    {
        using var log = new ConsoleLog(this);
        for (var i = 0; i < 100_000; i++)
            log.Write("x\n"u8);
        Assert.IsLessThan(20_000, _lines.Count);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Add(formatter(state, exception));
}
