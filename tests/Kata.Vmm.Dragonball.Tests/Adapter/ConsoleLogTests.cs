using Kata.Vmm.Dragonball.Adapter;

namespace Kata.Vmm.Dragonball.Tests.Adapter;

[TestClass]
public sealed class ConsoleLogTests
{
    private readonly LineLogger _logger = new();

    [TestMethod]
    public void Write_Pieces_BecomeCleanLines()
    {
        using var log = new ConsoleLog(_logger);
        foreach (var piece in (string[])["Linux ver", "sion 6.1\r\n\n\x1b[0m", "next\n", "unfinished"])
            log.Write(System.Text.Encoding.UTF8.GetBytes(piece));
        CollectionAssert.AreEqual(new[] { "console: Linux version 6.1", "console: [0mnext" }, _logger.Lines);
    }

    [TestMethod]
    public void Write_EndlessLine_IsCut()
    {
        using var log = new ConsoleLog(_logger);
        for (var i = 0; i < 100; i++)
            log.Write(new string('x', 1000).Select(character => (byte)character).ToArray());
        log.Write("\n"u8);
        Assert.AreEqual("console: ".Length + 1024, _logger.Lines.Single().Length);
    }

    [TestMethod]
    public void Write_Flood_LogsOnlySoManyLines()
    {
        using var log = new ConsoleLog(_logger);
        for (var i = 0; i < 100_000; i++)
            log.Write("x\n"u8);
        Assert.IsLessThan(20_000, _logger.Lines.Count);
    }
}
