namespace Kata.Guest.Agent.Containers;

/// <summary>The namespaces that a container joins; null makes a new one.</summary>
/// <param name="IpcPath">The pod's ipc namespace.</param>
/// <param name="UtsPath">The pod's uts namespace.</param>
/// <param name="PidPath">The pod's pid namespace, when its containers share one.</param>
internal readonly record struct GuestNamespaces(string? IpcPath, string? UtsPath, string? PidPath);
