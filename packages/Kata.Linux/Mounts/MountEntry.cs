namespace Kata.Linux;

/// <summary>One mount.</summary>
/// <param name="Id">Unique among the mounts that exist now.</param>
/// <param name="Root">The directory of the file system that is mounted.</param>
/// <param name="Target">Where it is mounted.</param>
/// <param name="Options">Options of the mount, comma separated.</param>
/// <param name="Type">File system type.</param>
/// <param name="Source">What is mounted, as the file system tells it.</param>
/// <param name="FileSystemOptions">Options of the file system, comma separated.</param>
public sealed record MountEntry(int Id, string Root, string Target, string Options, string Type, string Source, string FileSystemOptions);
