namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>The checkout that the tests run in.</summary>
internal static class Repository
{
    public static string Find()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Kata.slnx")))
                return directory;
        }

        Assert.Inconclusive("needs to run inside the repository");
        return "";
    }
}
