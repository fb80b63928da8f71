using System.Text.Json.Serialization;

namespace Kata.Hypervisors.External.Qemu.Qmp;

/// <summary>An element of <c>query-cpus-fast</c>.</summary>
internal sealed record VcpuInfo(int CpuIndex, int ThreadId);

/// <summary>An element of <c>query-hotpluggable-cpus</c>. Its properties are handed back to QEMU as they came.</summary>
/// <param name="Type">The device type to plug.</param>
/// <param name="Props">Where it goes.</param>
/// <param name="QomPath">Null for a free place.</param>
internal sealed record HotpluggableCpu(string Type, System.Text.Json.Nodes.JsonObject Props, string? QomPath);

/// <summary>The answer of <c>query-memory-size-summary</c>, in bytes.</summary>
internal sealed record MemorySize(ulong BaseMemory, ulong PluggedMemory);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower, MaxDepth = 32)]
[JsonSerializable(typeof(QmpMessage))]
[JsonSerializable(typeof(VcpuInfo[]))]
[JsonSerializable(typeof(HotpluggableCpu[]))]
[JsonSerializable(typeof(MemorySize))]
internal sealed partial class QmpJson : JsonSerializerContext;
