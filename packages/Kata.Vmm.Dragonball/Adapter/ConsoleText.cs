namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>What a guest writes on its console, made fit for a log.</summary>
internal static class ConsoleText
{
    /// <summary>A terminal that shows the log must not obey the guest.</summary>
    public static string Clean(string line) =>
        string.Create(line.Length, line, static (characters, source) =>
        {
            for (var i = 0; i < characters.Length; i++)
                characters[i] = char.IsControl(source[i]) && source[i] != '\t' ? ' ' : source[i];
        }).Trim();
}
