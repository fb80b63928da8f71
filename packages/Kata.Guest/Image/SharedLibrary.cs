namespace Kata.Guest.Image;

/// <summary>A library as a program asks for it and the file here that it is.</summary>
internal readonly record struct SharedLibrary(string Name, string Path);
