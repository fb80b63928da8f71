namespace Kata.Guest.Image;

/// <summary>A file of a guest image.</summary>
internal sealed record ImageFile(string Name, long Size, string Sha256);
