using Google.Protobuf.Reflection;
using Kata.Protocols.Agent;
using Kata.Protocols.Containerd.Services;
using Kata.Protocols.Hypervisor;
using AgentOci = Kata.Protocols.Agent.Oci;
using Events = Kata.Protocols.Containerd.Events;
using Runtime = Kata.Protocols.Containerd.Runtime;
using Sandboxes = Kata.Protocols.Containerd.Sandbox;
using Services = Kata.Protocols.Containerd.Services;
using Tasks = Kata.Protocols.Containerd.Task;
using V1 = Kata.Protocols.Containerd.Metrics.V1;
using V2 = Kata.Protocols.Containerd.Metrics.V2;

namespace Kata.Protocols.Tests;

[TestClass]
public sealed class WireTableTests
{
    private static readonly FileDescriptor[] Files =
    [
        AgentReflection.Descriptor, TypesReflection.Descriptor, CsiReflection.Descriptor, HealthReflection.Descriptor,
        AgentOci.OciReflection.Descriptor, RemoteReflection.Descriptor, Tasks.TaskReflection.Descriptor, Tasks.MountReflection.Descriptor,
        Tasks.StatusReflection.Descriptor, Events.EventsReflection.Descriptor, Events.EventForwardingReflection.Descriptor,
        Sandboxes.SandboxReflection.Descriptor, Sandboxes.PlatformReflection.Descriptor, Sandboxes.MetricReflection.Descriptor,
        Runtime.RuntimeOptionsReflection.Descriptor, Runtime.RuntimeInfoReflection.Descriptor, Runtime.BootstrapReflection.Descriptor,
        Runtime.Runc.RuncReflection.Descriptor, Runtime.Runc.LinuxRuncReflection.Descriptor,
        V1.MetricsV1Reflection.Descriptor, V2.MetricsV2Reflection.Descriptor,
    ];

    private static readonly Dictionary<string, MessageDescriptor> Messages =
        Files.SelectMany(f => f.MessageTypes).ToDictionary(m => m.FullName, StringComparer.Ordinal);

    private static readonly Dictionary<string, EnumDescriptor> Enums = Files
        .SelectMany(f => f.EnumTypes.Concat(f.MessageTypes.SelectMany(m => m.EnumTypes)))
        .ToDictionary(e => e.FullName, StringComparer.Ordinal);

    public static IEnumerable<object[]> MessageRows =>
        Rows(ContainerdWireTable.Messages).Concat(Rows(AgentWireTable.Messages)).Select(r => new object[] { r.Name, r.Body });

    public static IEnumerable<object[]> EnumRows =>
        Rows(ContainerdWireTable.Enums).Concat(Rows(AgentWireTable.Enums)).Select(r => new object[] { r.Name, r.Body });

    [TestMethod]
    [DynamicData(nameof(MessageRows))]
    public void Message_OfTable_HasExactlyItsFields(string name, string fields)
    {
        Assert.IsTrue(Messages.TryGetValue(name, out var message), $"No message {name}.");
        var actual = message.Fields.InFieldNumberOrder().Select(f => Describe(f, message.File.Package));
        Assert.AreEqual(fields, string.Join(", ", actual));
    }

    [TestMethod]
    [DynamicData(nameof(EnumRows))]
    public void Enum_OfTable_HasExactlyItsValues(string name, string values)
    {
        Assert.IsTrue(Enums.TryGetValue(name, out var type), $"No enum {name}.");
        Assert.AreEqual(values, string.Join(", ", type.Values.Select(v => $"{v.Number}={v.Name}")));
    }

    [TestMethod]
    public void Tables_AllMessagesAndEnums_AreCovered()
    {
        CollectionAssert.AreEquivalent(Messages.Keys.ToArray(), MessageRows.Select(r => (string)r[0]).ToArray());
        CollectionAssert.AreEquivalent(Enums.Keys.ToArray(), EnumRows.Select(r => (string)r[0]).ToArray());
    }

    [TestMethod]
    public void Seccomp_Errno_IsAOneof() => Assert.AreEqual(
        "ErrnoRet", AgentOci.LinuxSyscall.Descriptor.FindFieldByNumber(3).RealContainingOneof.Name);

    [TestMethod]
    public void Services_Names_AreTheRealOnes()
    {
        Assert.AreEqual(
            "containerd.task.v2.Task: State Create Start Delete Pids Pause Resume Checkpoint Kill Exec ResizePty CloseIO Update Wait Stats "
            + "Connect Shutdown",
            Describe(Services.Task.Descriptor));
        Assert.AreEqual("containerd.services.events.ttrpc.v1.Events: Forward", Describe(Services.Events.Descriptor));
        Assert.AreEqual(
            "containerd.runtime.sandbox.v1.Sandbox: CreateSandbox StartSandbox Platform StopSandbox WaitSandbox SandboxStatus PingSandbox "
            + "ShutdownSandbox SandboxMetrics",
            Describe(Sandbox.Descriptor));
        Assert.AreEqual("hypervisor.Hypervisor: CreateVM StartVM StopVM Version", Describe(Hypervisor.Hypervisor.Descriptor));
        Assert.AreEqual("grpc.Health: Check Version", Describe(Health.Descriptor));
        Assert.AreEqual(
            "grpc.AgentService: CreateContainer StartContainer RemoveContainer ExecProcess SignalProcess WaitProcess UpdateContainer "
            + "UpdateEphemeralMounts StatsContainer PauseContainer ResumeContainer RemoveStaleVirtiofsShareMounts WriteStdin ReadStdout "
            + "ReadStderr CloseStdin TtyWinResize UpdateInterface UpdateRoutes ListInterfaces ListRoutes AddARPNeighbors GetIPTables "
            + "SetIPTables GetMetrics CreateSandbox DestroySandbox OnlineCPUMem ReseedRandomDev GetGuestDetails MemHotplugByProbe "
            + "SetGuestDateTime CopyFile GetOOMEvent AddSwap AddSwapPath GetVolumeStats ResizeVolume SetPolicy GetDiagnosticData "
            + "MemAgentMemcgSet MemAgentCompactSet",
            Describe(AgentService.Descriptor));
    }

    private static string Describe(ServiceDescriptor service) =>
        $"{service.FullName}: {string.Join(' ', service.Methods.Select(m => m.Name))}";

    private static string Describe(FieldDescriptor field, string package)
    {
        string type = field.IsMap
            ? $"map<{TypeName(field.MessageType.FindFieldByNumber(1), package)},{TypeName(field.MessageType.FindFieldByNumber(2), package)}>"
            : TypeName(field, package);
        bool optional = field.HasPresence && field.FieldType != FieldType.Message && field.RealContainingOneof is null;
        return $"{field.FieldNumber} {field.Name}:{type}{(field is { IsRepeated: true, IsMap: false } ? "[]" : "")}{(optional ? "?" : "")}";
    }

    private static string TypeName(FieldDescriptor field, string package) => field.FieldType switch
    {
        FieldType.Message => Local(field.MessageType.FullName, package),
        FieldType.Enum => Local(field.EnumType.FullName, field.EnumType.ContainingType?.FullName ?? package),
        var scalar => scalar.ToString().ToLowerInvariant(),
    };

    private static string Local(string name, string scope) =>
        name.StartsWith(scope + ".", StringComparison.Ordinal) ? name[(scope.Length + 1)..] : name;

    // A row that starts with a blank continues the one before.
    private static IEnumerable<(string Name, string Body)> Rows(string table)
    {
        foreach (string row in table.ReplaceLineEndings("\n").Replace("\n    ", " ", StringComparison.Ordinal).Split('\n'))
        {
            int colon = row.IndexOf(':', StringComparison.Ordinal);
            yield return (row[..colon], row[(colon + 1)..].Trim());
        }
    }
}
