namespace Kata.Ttrpc.Wire;

/// <summary>Byte 9 of a frame header.</summary>
[Flags]
internal enum FrameFlags : byte
{
    None = 0,

    /// <summary>No more data follows from the sender of this frame.</summary>
    RemoteClosed = 1,

    /// <summary>Requests only: the sender is going to send data.</summary>
    RemoteOpen = 2,

    /// <summary>Data only: there is no message in this frame, not even an empty one.</summary>
    NoData = 4,
}
