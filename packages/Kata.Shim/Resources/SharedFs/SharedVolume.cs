using Kata.Linux;

namespace Kata.Shim.Resources.SharedFs;

/// <summary>One use of a shared file or directory.</summary>
/// <param name="GuestPath">Where the guest sees it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Release">Gives the use back; to be called once.</param>
internal sealed record SharedVolume(string GuestPath, FileKind Kind, Action Release);
