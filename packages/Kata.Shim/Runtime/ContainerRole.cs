namespace Kata.Shim.Runtime;

/// <summary>Which sandbox a container belongs to, as the annotations of containerd's CRI plugin, CRI-O and dockershim say it.</summary>
/// <param name="Kind">What the container is.</param>
/// <param name="SandboxId">The id of the sandbox: the container's own unless it joins a pod.</param>
internal readonly record struct ContainerRole(ContainerKind Kind, string SandboxId)
{
    private static readonly string[] KindKeys =
        ["io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri.container-type", "io.kubernetes.docker.type"];

    private static readonly string[] SandboxKeys =
        ["io.kubernetes.cri-o.SandboxID", "io.kubernetes.cri.sandbox-id", "io.kubernetes.sandbox.id"];

    internal static ContainerRole Of(string id, IReadOnlyDictionary<string, string>? annotations)
    {
        var kind = Find(annotations, KindKeys) switch
        {
            "sandbox" or "podsandbox" or "pod_sandbox" => ContainerKind.PodSandbox,
            "container" or "pod_container" => ContainerKind.PodContainer,
            _ => ContainerKind.Single,
        };
        if (kind != ContainerKind.PodContainer)
            return new(kind, id);
        return Find(annotations, SandboxKeys) is { } sandbox ? new(kind, sandbox) : new(ContainerKind.Single, id);
    }

    private static string? Find(IReadOnlyDictionary<string, string>? annotations, string[] keys)
    {
        foreach (var key in keys)
        {
            if (annotations is not null && annotations.TryGetValue(key, out var value) && value.Length > 0)
                return value;
        }

        return null;
    }
}
