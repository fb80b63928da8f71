namespace Kata.Protocols.Oci;

/// <summary>A namespace to create or join.</summary>
public sealed record LinuxNamespace : OciObject
{
    /// <summary><c>pid</c>, <c>network</c>, <c>mount</c>, <c>ipc</c>, <c>uts</c>, <c>user</c>, <c>cgroup</c> or <c>time</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Namespace file to join; absent creates one.</summary>
    public string? Path { get; init; }
}
