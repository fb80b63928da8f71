using Kata.Guest.Agent.Cgroups;
using Kata.Guest.Agent.Containers;
using Kata.Guest.Agent.Devices;
using Kata.Guest.Agent.Network;

namespace Kata.Guest.Agent;

/// <summary>The parts of the agent that requests are handed to.</summary>
/// <param name="Stop">Ends the agent, and with it the machine; the argument says why.</param>
internal sealed record AgentServices(
    AgentOptions Options,
    Sandbox Sandbox,
    ContainerManager Containers,
    BlockDevices Disks,
    GuestHardware Hardware,
    GuestNetwork Network,
    OomWatcher Ooms,
    Action<string> Stop);
