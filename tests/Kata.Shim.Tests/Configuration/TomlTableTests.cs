using CsCheck;
using Kata.Abstractions;
using Kata.Shim.Configuration.Toml;

namespace Kata.Shim.Tests.Configuration;

[TestClass]
public sealed class TomlTableTests
{
    [TestMethod]
    public void Parse_AllKindsOfValues_AreRead()
    {
        var table = TomlFile.Parse("a = 'x'\nb = 0x10\nc = 1.5\nd = true\ne = [1, [\"y\"]]\nf = 1979-05-27\n[g.h]\ni = 1\n[g]\nj.k = 2\n", "f");
        Assert.AreEqual("x", table["a"]!.Value);
        Assert.AreEqual(16L, table["b"]!.Value);
        Assert.AreEqual(1.5, table["c"]!.Value);
        Assert.AreEqual(true, table["d"]!.Value);
        Assert.AreEqual("[1, [\"y\"]]", table["e"]!.ToText());
        Assert.AreEqual("1979-05-27", table["f"]!.ToText());
        Assert.AreEqual("f:8", table.Table("g")!.Table("h")!["i"]!.Source);
        Assert.AreEqual(2L, table.Table("g")!.Table("j")!["k"]!.Value);
    }

    [TestMethod]
    public void Parse_Empty_IsEmptyTable() => Assert.IsEmpty(TomlFile.Parse("# nothing\n", "f").Entries);

    [TestMethod]
    public void Parse_DeepNesting_IsRefused()
    {
        var lists = $"a = {new string('[', 5000)}{new string(']', 5000)}\n";
        Assert.ThrowsExactly<ConfigurationException>(() => TomlFile.Parse(lists, "f"));
        Assert.ThrowsExactly<ConfigurationException>(() => TomlFile.Parse($"[{string.Join('.', Enumerable.Repeat("a", 100))}]\nx = 1\n", "f"));
    }

    [TestMethod]
    [DataRow("a = \"\\")]
    [DataRow("\"\\")]
    public void Parse_EndWithinEscape_IsASyntaxError(string text) =>
        StringAssert.StartsWith(Assert.ThrowsExactly<ConfigurationException>(() => TomlFile.Parse(text, "f")).Message, "f");

    [TestMethod]
    public void Parse_ArbitraryText_ParsesOrReportsTheLine() => Gen.String[Gen.Char["[]={}\"'\n.#ab1 -:\\,"], 0, 60].Sample(text =>
    {
        try
        {
            TomlFile.Parse(text, "f");
        }
        catch (ConfigurationException exception)
        {
            StringAssert.StartsWith(exception.Message, "f");
        }
    });

    /// <summary>Merging is what reading the files one after the other into nested dictionaries would give.</summary>
    [TestMethod]
    public void Merge_RandomTables_LaterWinsPerLeaf()
    {
        var leaf = Gen.Select(Gen.Char["ab"], Gen.Char["cd"], Gen.Int[0, 9], (table, key, value) => (Table: table, Key: key, Value: value));
        var file = leaf.List[0, 6].Select(list => list.DistinctBy(item => (item.Table, item.Key)).ToList());
        Gen.Select(file, file, file).Sample((first, second, third) =>
        {
            var merged = TomlFile.Parse(ToToml(first), "1");
            merged.Merge(TomlFile.Parse(ToToml(second), "2"));
            merged.Merge(TomlFile.Parse(ToToml(third), "3"));
            var expected = new Dictionary<(char, char), int>();
            foreach (var (table, key, value) in first.Concat(second).Concat(third))
                expected[(table, key)] = value;
            Assert.AreEqual(expected.Count, merged.Entries.Sum(entry => ((TomlTable)entry.Value.Value).Entries.Count));
            foreach (var ((table, key), value) in expected)
                Assert.AreEqual((long)value, merged.Table(table.ToString())![key.ToString()]!.Value);
        });
    }

    [TestMethod]
    public void Merge_ListsAndScalars_AreReplaced()
    {
        var merged = TomlFile.Parse("a = [1, 2]\nb = 1\n[c]\nd = 1\n", "1");
        merged.Merge(TomlFile.Parse("a = [3]\nc = 2\n[b]\nx = 1\n", "2"));
        Assert.AreEqual("[3]", merged["a"]!.ToText());
        Assert.AreEqual("2", merged["c"]!.ToText());
        Assert.AreEqual(1L, merged.Table("b")!["x"]!.Value);
    }

    private static string ToToml(IEnumerable<(char Table, char Key, int Value)> leaves) =>
        string.Concat(leaves.GroupBy(leaf => leaf.Table).Select(group => $"[{group.Key}]\n" + string.Concat(group.Select(leaf => $"{leaf.Key} = {leaf.Value}\n"))));
}
