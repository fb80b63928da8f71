namespace Kata.Ttrpc.Wire;

/// <summary>Byte 8 of a frame header. Other values are ignored, for later protocol versions.</summary>
internal enum FrameType : byte
{
    Request = 1,
    Response = 2,
    Data = 3,
}
