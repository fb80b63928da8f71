namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A program in C for guests, linked statically; compiled when a source has changed.</summary>
internal static class GuestProgram
{
    private static readonly Lock s_lock = new();

    /// <param name="name">That of a source file beside the tests, without <c>.c</c>.</param>
    public static string Compile(string name)
    {
        lock (s_lock)
        {
            var sources = Path.Combine(AppContext.BaseDirectory, "Guest");
            var program = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Find(), "artifacts", "device-guest-programs")).FullName, name);
            if (File.Exists(program) && File.GetLastWriteTimeUtc(program) >= Directory.GetFiles(sources).Max(File.GetLastWriteTimeUtc))
                return program;
            HostCommand.Run("gcc", "-O1", "-static", "-pthread", "-o", program, Path.Combine(sources, name + ".c"));
            return program;
        }
    }
}
