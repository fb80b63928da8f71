namespace Kata.Shim.Runtime.Io;

/// <summary>The streams containerd asks for: paths or URIs, empty for none.</summary>
internal readonly record struct Stdio(string Stdin, string Stdout, string Stderr, bool Terminal);
