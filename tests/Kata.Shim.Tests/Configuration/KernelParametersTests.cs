using CsCheck;
using Kata.Shim.Configuration;

namespace Kata.Shim.Tests.Configuration;

[TestClass]
public sealed class KernelParametersTests
{
    [TestMethod]
    public void Split_Quotes_KeepBlanks() =>
        CollectionAssert.AreEqual(
            new[] { "a", "dm-mod.create=\"dm-verity,,,ro,0 1 verity\"", "b=1" }, KernelParameters.Split("  a dm-mod.create=\"dm-verity,,,ro,0 1 verity\"\tb=1 ").ToArray());

    [TestMethod]
    public void Overlay_SameKeys_ReplaceInPlace() =>
        CollectionAssert.AreEqual(
            new[] { "x", "console=c", "console=d", "y", "z=1" },
            KernelParameters.Overlay(["x", "console=a", "y", "console=b"], ["console=c", "z=1", "console=d"]).ToArray());

    [TestMethod]
    public void Overlay_AnyLists_UpperWinsAndTheRestKeepsItsOrder()
    {
        var parameter = Gen.Select(Gen.Char["abc"], Gen.Int[0, 3], (key, value) => $"{key}={value}");
        Gen.Select(parameter.List[0, 6], parameter.List[0, 6]).Sample((lower, upper) =>
        {
            var result = KernelParameters.Overlay(lower, upper);
            foreach (var key in upper.Select(KernelParameters.KeyOf).Distinct())
            {
                CollectionAssert.AreEqual(
                    upper.Where(item => KernelParameters.KeyOf(item) == key).ToArray(), result.Where(item => KernelParameters.KeyOf(item) == key).ToArray());
            }

            var keys = upper.Select(KernelParameters.KeyOf).ToHashSet();
            CollectionAssert.AreEqual(
                lower.Where(item => !keys.Contains(KernelParameters.KeyOf(item))).ToArray(), result.Where(item => !keys.Contains(KernelParameters.KeyOf(item))).ToArray());
        });
    }
}
