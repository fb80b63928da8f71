using Kata.Vmm.Dragonball.LegacyDevices;

namespace Kata.Vmm.Dragonball.Tests.LegacyDevices;

[TestClass]
public sealed class SerialPortTests
{
    private const int Data = 0;
    private const int Enable = 1;
    private const int Identify = 2;
    private const int Line = 3;
    private const int Modem = 4;
    private const int LineStatus = 5;
    private const int ModemStatus = 6;

    private readonly GuestConsole _console = new(null, () => { });
    private readonly SerialPort _port;
    private int _interrupts;

    public SerialPortTests() => _port = new SerialPort(_console, () => _interrupts++);

    [TestMethod]
    public void Transmit_IsAlwaysReady_AndReachesTheConsole()
    {
        Assert.AreEqual(0x60, Read(LineStatus));
        Write(Data, (byte)'x');
        Assert.AreEqual(0x60, Read(LineStatus));
        Assert.AreEqual("x", _console.Tail);
        Assert.AreEqual(0, _interrupts);
    }

    [TestMethod]
    public void Probe_AsLinuxDoesIt_FindsA16550A()
    {
        Write(Enable, 0);
        Assert.AreEqual(0, Read(Enable));
        Write(Enable, 0x0F);
        Assert.AreEqual(0x0F, Read(Enable));
        Write(Modem, 0x1A); // loopback, OUT2, RTS
        Assert.AreEqual(0x90, Read(ModemStatus) & 0xF0);
        Write(Modem, 0);
        Assert.AreEqual(0xB0, Read(ModemStatus));
        Write(Identify, 1);
        Assert.AreEqual(0xC0, Read(Identify) & 0xC0);
        Write(Identify, 0);
        Assert.AreEqual(0, Read(Identify) & 0xC0);
    }

    [TestMethod]
    public void DivisorLatch_WhenVisible_HidesDataAndInterrupts()
    {
        Write(Line, 0x83);
        Write(Data, 0x0C);
        Write(Enable, 0x12);
        Assert.AreEqual(0x0C, Read(Data));
        Assert.AreEqual(0x12, Read(Enable));
        Write(Line, 0x03);
        Assert.AreEqual(0, Read(Data));
        Assert.AreEqual(0, Read(Enable));
        Assert.AreEqual("", _console.Tail);
    }

    [TestMethod]
    public void TransmitterInterrupt_ComesWhenEnabledAndAfterEachByte_UntilIdentified()
    {
        Write(Enable, 2);
        Assert.AreEqual(1, _interrupts);
        Assert.AreEqual(2, Read(Identify));
        Assert.AreEqual(1, Read(Identify));
        Write(Data, (byte)'a');
        Assert.AreEqual(2, _interrupts);
        Assert.AreEqual(2, Read(Identify));
    }

    [TestMethod]
    public void Input_InterruptsAndIsRead_BeforeTheTransmitterIsHeard()
    {
        Write(Enable, 3);
        Assert.AreEqual(2, _port.Type("ok"u8));
        Assert.AreEqual(3, _interrupts);
        Assert.AreEqual(4, Read(Identify));
        Assert.AreEqual(0x61, Read(LineStatus));
        Assert.AreEqual((byte)'o', Read(Data));
        Assert.AreEqual((byte)'k', Read(Data));
        Assert.AreEqual(2, Read(Identify));
        Assert.AreEqual(0x60, Read(LineStatus));
    }

    [TestMethod]
    public void Input_BeyondTheQueue_IsRefused()
    {
        Assert.AreEqual(4096, _port.Type(new byte[5000]));
        Assert.AreEqual(0, _port.Type([1]));
        Write(Identify, 2); // resets the receiver
        Assert.AreEqual(1, _port.Type([1]));
    }

    [TestMethod]
    public void Loopback_OfData_ComesBackAsInput()
    {
        Write(Modem, 0x10);
        Write(Data, 0x42);
        Assert.AreEqual(0x42, Read(Data));
        Assert.AreEqual("", _console.Tail);
    }

    private byte Read(int register)
    {
        Span<byte> data = [0];
        _port.Read((ulong)register, data);
        return data[0];
    }

    private void Write(int register, byte value) => _port.Write((ulong)register, [value]);
}
