namespace Kata.Linux.Tests; [TestClass] public sealed class PlaceholderTests { [TestMethod] public void Build_Skeleton_Runs() => Assert.AreEqual(4, nint.Size / 2); }
