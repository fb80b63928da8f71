namespace Kata.Vmm.Dragonball.Buses;

/// <summary>Addresses or ports that belong to a device.</summary>
/// <param name="Start">The first.</param>
/// <param name="Length">How many.</param>
/// <param name="Device">Who answers.</param>
internal readonly record struct BusRange(ulong Start, ulong Length, IBusDevice Device);
