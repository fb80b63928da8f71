using System.Text.RegularExpressions;
using CsCheck;
using Kata.Shim.Configuration;

namespace Kata.Shim.Tests.Configuration;

[TestClass]
public sealed class NamePatternTests
{
    [TestMethod]
    [DataRow("(a|b)")]
    [DataRow("*a")]
    [DataRow("a{2}")]
    [DataRow("[^a]")]
    [DataRow("[a")]
    [DataRow("[]")]
    [DataRow(@"\d")]
    [DataRow("a**")]
    public void Parse_UnsupportedExpression_Throws(string expression) => Assert.ThrowsExactly<FormatException>(() => NamePattern.Parse(expression));

    /// <summary>Where both understand an expression, the framework's engine is the oracle.</summary>
    [TestMethod]
    public void IsMatch_RandomExpressions_AgreesWithRegex()
    {
        var atom = OneOf("a", "b", "_", ".", "[ab]", "[a-c_]", @"\.");
        var element = Gen.Select(atom, OneOf("", "", "*", "+", "?"), (text, repeat) => text + repeat);
        var alternative = Gen.Select(
            OneOf("", "^"), element.List[0, 4], OneOf("", "$"), (start, elements, end) => start + string.Concat(elements) + end);
        var expressions = alternative.List[1, 3].Select(list => string.Join('|', list));
        Gen.Select(expressions, Gen.Char["abc_."].List[0, 6].Select(list => string.Concat(list)))
            .Sample((expression, name) => Assert.AreEqual(
                Regex.IsMatch(name, expression, RegexOptions.CultureInvariant), NamePattern.Parse(expression).IsMatch(name), $"{expression} on {name}"), iter: 20_000);
    }

    private static Gen<string> OneOf(params string[] items) => Gen.Int[0, items.Length - 1].Select(index => items[index]);
}
