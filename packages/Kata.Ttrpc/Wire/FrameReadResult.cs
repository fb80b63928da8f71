namespace Kata.Ttrpc.Wire;

/// <summary>What <see cref="FrameReader.Read"/> found.</summary>
internal enum FrameReadResult
{
    /// <summary>No whole frame yet.</summary>
    Incomplete,

    /// <summary>A frame.</summary>
    Frame,

    /// <summary>A frame over the limit has passed by; its data was thrown away.</summary>
    Oversized,

    /// <summary>The bytes cannot come from a ttrpc peer.</summary>
    Malformed,
}
