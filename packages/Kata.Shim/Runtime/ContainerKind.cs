namespace Kata.Shim.Runtime;

/// <summary>What a container is to its sandbox.</summary>
internal enum ContainerKind
{
    /// <summary>The only container of its sandbox.</summary>
    Single,

    /// <summary>The container that stands for a pod: the VM lives as long as it does.</summary>
    PodSandbox,

    /// <summary>A further container of a pod, in the pod's VM.</summary>
    PodContainer,
}
