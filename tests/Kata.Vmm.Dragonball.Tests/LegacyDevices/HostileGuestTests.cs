using CsCheck;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.LegacyDevices;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball.Tests.LegacyDevices;

/// <summary>Whatever a guest does to ports while somebody types, nothing throws, and only what means an end is one.</summary>
[TestClass]
public sealed class HostileGuestTests
{
    private const ulong Keyboard = KeyboardController.CommandPort;
    private const ulong Power = MachineLayout.PowerPort;

    private static readonly Gen<ulong> Port = Gen.Frequency(
        (8, Gen.ULong[SerialPortDescription.Com1.Port, SerialPortDescription.Com1.Port + SerialPort.Ports]),
        (1, Gen.Const(Keyboard)), (1, Gen.Const(Power)), (1, Gen.ULong));

    private static readonly Gen<byte[]> Data = Gen.OneOf(Gen.Byte.Array[1], Gen.Byte.Array[2], Gen.Byte.Array[4]);

    private static readonly Gen<(ulong Port, byte[] Data, bool IsWrite, int Typed)> Access = Gen.Select(Port, Data, Gen.Bool, Gen.Int[0, 3000]);

    [TestMethod]
    public void RandomAccesses_OfPorts_EndTheGuestOnlyByWhatMeansAnEnd() => Access.Array[1, 200].Sample(
        accesses =>
        {
            var (end, console) = (new GuestEnd(), new GuestConsole(null, () => { }));
            var serial = new SerialPort(console, () => { });
            var bus = new Bus(
            [
                new BusRange(SerialPortDescription.Com1.Port, SerialPort.Ports, serial),
                new BusRange(Keyboard, 1, new KeyboardController(end)),
                new BusRange(Power, 1, new PowerPort(end)),
            ]);
            var ended = false;
            foreach (var (port, data, write, typed) in accesses)
            {
                Assert.IsLessThanOrEqualTo(4096, serial.Type(new byte[typed]));
                if (write)
                {
                    bus.Write(port, data);
                    ended |= data is [var value] && IsEnd(port, value);
                }
                else
                {
                    bus.Read(port, data);
                }

                Assert.AreEqual(ended, end.IsSet, $"{(write ? "out" : "in")} 0x{port:x}, {Convert.ToHexString(data)}");
            }

            Assert.IsLessThanOrEqualTo(4096, console.Tail.Length);
        },
        iter: 2000, threads: 1);

    /// <summary>A reset by the keyboard controller or by ACPI, and S5 with its enable bit.</summary>
    private static bool IsEnd(ulong port, byte value) =>
        (port, value) is (Keyboard, 0xfe) or (Power, 1) || (port == Power && (value & 0x3c) == 0x34);
}
