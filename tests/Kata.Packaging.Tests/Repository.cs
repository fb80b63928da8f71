using System.Reflection;

namespace Kata.Packaging.Tests;

/// <summary>Places in the checkout, and what was packed there.</summary>
internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static string Feed { get; } = Path.Combine(Root, "artifacts", "packages");

    /// <summary>The packed packages, or an inconclusive test that says how to get them.</summary>
    public static IReadOnlyList<PackageFile> Packages()
    {
        var files = Directory.Exists(Feed) ? Directory.GetFiles(Feed, "*.nupkg") : [];
        if (files.Length == 0)
            Assert.Inconclusive("needs packed packages: run `dotnet pack` at the root (tests/run.sh does)");
        return [.. files.Order(StringComparer.Ordinal).Select(PackageFile.Read)];
    }
}
