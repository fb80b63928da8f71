namespace Kata.Vmm.Dragonball.Vcpus;

/// <summary>What a vCPU's thread shall do.</summary>
internal enum VcpuRequest
{
    Pause,
    Run,
    Exit,
}
