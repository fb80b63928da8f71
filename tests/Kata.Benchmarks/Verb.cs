namespace Kata.Benchmarks;

/// <summary>One command of the program.</summary>
internal sealed record Verb(string Name, string Help, Func<string[], Task<int>> RunAsync);
