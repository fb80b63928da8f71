namespace Kata.Virtio;

/// <summary>
/// Takes what a guest writes to its console. Called on the device's thread, which nothing else of the device has in the meantime: neither
/// blocks nor throws.
/// </summary>
/// <param name="text">The next bytes; not to be kept.</param>
/// <returns>How many of them were taken. The rest comes again; after 0 a few milliseconds later.</returns>
public delegate int ConsoleOutput(ReadOnlySpan<byte> text);
