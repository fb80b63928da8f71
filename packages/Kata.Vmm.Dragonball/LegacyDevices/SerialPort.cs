using Kata.Vmm.Dragonball.Buses;

namespace Kata.Vmm.Dragonball.LegacyDevices;

/// <summary>
/// A 16550A. What the guest sends is gone at once, whatever the baud rate; what it shall receive waits in a queue of bounded length.
/// </summary>
internal sealed class SerialPort : IBusDevice
{
    public const ulong Ports = 8;

    private const int Data = 0;
    private const int InterruptEnable = 1;
    private const int InterruptIdentification = 2;
    private const int LineControl = 3;
    private const int ModemControl = 4;
    private const int LineStatus = 5;
    private const int ModemStatus = 6;
    private const int Scratch = 7;

    private const byte DataAvailable = 1;
    private const byte TransmitterEmpty = 2;
    private const byte NoInterrupt = 1;
    private const byte FifoEnabled = 0xC0;
    private const byte DivisorLatch = 0x80;
    private const byte Loopback = 0x10;
    private const byte ResetReceiver = 2;
    private const byte LineIdle = 0x60; // THRE, TEMT
    private const byte LineConnected = 0xB0; // DCD, DSR, CTS

    private readonly Lock _lock = new();
    private readonly GuestConsole _console;
    private readonly Action _interrupt;
    private readonly byte[] _received = new byte[4096];
    private int _receivedStart;
    private int _receivedCount;
    private byte _interruptEnable;
    private byte _lineControl = 3; // 8N1
    private byte _modemControl;
    private byte _scratch;
    private byte _divisorLow = 1;
    private byte _divisorHigh;
    private bool _fifoEnabled;
    private bool _transmitterInterrupt;

    /// <param name="console">Gets what the guest sends.</param>
    /// <param name="interrupt">Raises the interrupt, which is edge-triggered.</param>
    public SerialPort(GuestConsole console, Action interrupt) => (_console, _interrupt) = (console, interrupt);

    private bool IsDivisorVisible => (_lineControl & DivisorLatch) != 0;

    public void Read(ulong offset, Span<byte> data)
    {
        lock (_lock)
        {
            data[0] = (int)offset switch
            {
                Data => IsDivisorVisible ? _divisorLow : Receive(),
                InterruptEnable => IsDivisorVisible ? _divisorHigh : _interruptEnable,
                InterruptIdentification => Identify(),
                LineControl => _lineControl,
                ModemControl => _modemControl,
                LineStatus => (byte)(LineIdle | (_receivedCount > 0 ? 1 : 0)),
                ModemStatus => GetModemStatus(),
                _ => _scratch,
            };
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
            Write((int)offset, data[0]);
    }

    /// <summary>Types something.</summary>
    /// <returns>How many bytes there was room for.</returns>
    public int Type(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            var count = Math.Min(data.Length, _received.Length - _receivedCount);
            foreach (var value in data[..count])
                Enqueue(value);
            return count;
        }
    }

    private void Write(int register, byte value)
    {
        switch (register)
        {
            case Data when IsDivisorVisible:
                _divisorLow = value;
                break;
            case Data:
                Transmit(value);
                break;
            case InterruptEnable when IsDivisorVisible:
                _divisorHigh = value;
                break;
            case InterruptEnable:
                SetInterruptEnable((byte)(value & 0xF));
                break;
            case InterruptIdentification:
                // FIFO control, when written.
                _fifoEnabled = (value & 1) != 0;
                if ((value & ResetReceiver) != 0)
                    _receivedCount = 0;
                break;
            case LineControl:
                _lineControl = value;
                break;
            case ModemControl:
                _modemControl = (byte)(value & 0x1F);
                break;
            case Scratch:
                _scratch = value;
                break;
        }
    }

    private void Transmit(byte value)
    {
        if ((_modemControl & Loopback) != 0)
            Enqueue(value);
        else
            _console.Write([value]);
        SetTransmitterEmpty();
    }

    private void SetInterruptEnable(byte value)
    {
        var enabled = (byte)(value & ~_interruptEnable);
        _interruptEnable = value;
        if ((enabled & TransmitterEmpty) != 0)
            SetTransmitterEmpty();
        if ((enabled & DataAvailable) != 0 && _receivedCount > 0)
            _interrupt();
    }

    private void SetTransmitterEmpty()
    {
        if ((_interruptEnable & TransmitterEmpty) == 0)
            return;
        _transmitterInterrupt = true;
        _interrupt();
    }

    private void Enqueue(byte value)
    {
        if (_receivedCount == _received.Length)
            return;
        _received[(_receivedStart + _receivedCount++) % _received.Length] = value;
        if ((_interruptEnable & DataAvailable) != 0)
            _interrupt();
    }

    private byte Receive()
    {
        if (_receivedCount == 0)
            return 0;
        var value = _received[_receivedStart];
        _receivedStart = (_receivedStart + 1) % _received.Length;
        _receivedCount--;
        return value;
    }

    private byte Identify()
    {
        var fifo = _fifoEnabled ? FifoEnabled : (byte)0;
        if ((_interruptEnable & DataAvailable) != 0 && _receivedCount > 0)
            return (byte)(fifo | 4);
        if (!_transmitterInterrupt || (_interruptEnable & TransmitterEmpty) == 0)
            return (byte)(fifo | NoInterrupt);
        // Reading it is what acknowledges it.
        _transmitterInterrupt = false;
        return (byte)(fifo | 2);
    }

    private byte GetModemStatus()
    {
        if ((_modemControl & Loopback) == 0)
            return LineConnected;
        // The outputs come back as inputs: RTS as CTS, DTR as DSR, OUT1 as RI, OUT2 as DCD.
        return (byte)(((_modemControl & 2) << 3) | ((_modemControl & 1) << 5) | ((_modemControl & 4) << 4) | ((_modemControl & 8) << 4));
    }
}
