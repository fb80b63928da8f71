using System.Collections.Concurrent;
using System.Text;
using CsCheck;
using Kata.Virtio.Console;
using Kata.Virtio.Devices;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Mmio;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Console;

[TestClass]
public sealed class VirtioConsoleTests
{
    private const int Receive = 0;
    private const int Transmit = 1;
    private const ulong FarData = MmioDriver.Data + (1 << 20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<byte> _output = new();

    /// <summary>Bytes that the output takes of each call.</summary>
    private volatile int _appetite = int.MaxValue;

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    private string Text => Encoding.Latin1.GetString([.. _output]);

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Output_OfAnyShape_ArrivesInOrder()
    {
        await using var driver = new MmioDriver(NewConsole());
        driver.Start();
        var text = new byte[10_000];
        for (var i = 0; i < text.Length; i++)
            text[i] = (byte)('a' + (i % 26));
        text.CopyTo(driver.At(MmioDriver.Data, text.Length));
        driver.Queues[Transmit].Set(0, MmioDriver.Data, 9_000, DescriptorFlags.Next, 1);
        driver.Queues[Transmit].Set(1, MmioDriver.Data + 9_000, 1_000);
        Assert.AreEqual(0u, driver.Exchange(Transmit, 0));
        driver.Queues[Transmit].Set(2, MmioDriver.Data, 1);
        Assert.AreEqual(0u, driver.Exchange(Transmit, 2));
        Assert.AreEqual(Encoding.Latin1.GetString(text) + "a", Text);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Output_TakenInParts_LosesNothing()
    {
        _appetite = 7;
        await using var driver = new MmioDriver(NewConsole());
        driver.Start();
        Print(driver, "a text that is longer than what is taken at once");
        Assert.AreEqual("a text that is longer than what is taken at once", Text);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Output_TakesNothingForAWhile_GuestWaits()
    {
        _appetite = 0;
        await using var driver = new MmioDriver(NewConsole(TimeSpan.FromMinutes(1)));
        driver.Start();
        "patience"u8.CopyTo(driver.At(MmioDriver.Data, 8));
        driver.Queues[Transmit].Set(0, MmioDriver.Data, 8);
        driver.Queues[Transmit].Offer(0);
        driver[MmioRegister.QueueNotify] = Transmit;
        Assert.IsFalse(driver.WaitForInterrupt(TimeSpan.FromMilliseconds(200)));
        Assert.IsFalse(driver.Queues[Transmit].HasUsed);
        // Also over a pause.
        driver.Transport.Pause();
        driver.Transport.Resume();
        _appetite = 3;
        Assert.AreEqual((0u, 0u), driver.Take(Transmit));
        Assert.AreEqual("patience", Text);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Output_TakesNothing_GuestGoesOnAfterTheTimeLimit()
    {
        _appetite = 0;
        var logger = new RecordingLogger();
        await using var driver = new MmioDriver(NewConsole(TimeSpan.FromMilliseconds(50), logger));
        driver.Start();
        for (var i = 0; i < 100; i++)
            Print(driver, "lost");
        Assert.AreEqual(1, logger.Lines.Count(line => line.Contains("it is lost until", StringComparison.Ordinal)), logger.ToString());
        _appetite = int.MaxValue;
        Print(driver, "there again");
        Assert.AreEqual("there again", Text);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Input_MoreThanFits_WaitsForTheGuest()
    {
        var console = NewConsole();
        await using var driver = new MmioDriver(console);
        driver.Start();
        var input = Enumerable.Range(0, 3 * ConsoleInput.Capacity).Select(i => (byte)i).ToArray();
        var writing = console.WriteAsync(input, Cancellation);
        var after = console.WriteAsync("end"u8.ToArray(), Cancellation);
        await Task.Delay(50, Cancellation);
        Assert.IsFalse(writing.IsCompleted, "Nobody has read.");

        var received = new List<byte>();
        while (received.Count < input.Length + 3)
        {
            driver.Queues[Receive].Set(0, MmioDriver.Data, 100, DescriptorFlags.Write | DescriptorFlags.Next, 1);
            driver.Queues[Receive].Set(1, FarData, 500, DescriptorFlags.Write);
            var count = (int)driver.Exchange(Receive, 0);
            received.AddRange(driver.At(MmioDriver.Data, Math.Min(count, 100)));
            received.AddRange(driver.At(FarData, Math.Max(count - 100, 0)));
        }

        CollectionAssert.AreEqual(input.Concat("end"u8.ToArray()).ToArray(), received);
        await writing;
        await after;
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Input_BeforeTheGuestHasBuffers_ComesWithTheFirst()
    {
        var console = NewConsole();
        await using var driver = new MmioDriver(console);
        await console.WriteAsync("early"u8.ToArray(), Cancellation);
        driver.Start();
        driver.Queues[Receive].Set(0, MmioDriver.Data, 100, DescriptorFlags.Write);
        Assert.AreEqual(5u, driver.Exchange(Receive, 0));
        // A buffer that waits for input.
        driver.Queues[Receive].Offer(0);
        driver[MmioRegister.QueueNotify] = Receive;
        Assert.IsFalse(driver.WaitForInterrupt(TimeSpan.FromMilliseconds(50)) && driver.Queues[Receive].HasUsed);
        await console.WriteAsync("later"u8.ToArray(), Cancellation);
        Assert.AreEqual((0u, 5u), driver.Take(Receive));
        Assert.IsTrue(driver.At(MmioDriver.Data, 5).SequenceEqual("later"u8));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task WriteAsync_DeviceGone_Fails()
    {
        var console = NewConsole();
        var writing = console.WriteAsync(new byte[2 * ConsoleInput.Capacity], Cancellation);
        using var cancelled = new CancellationTokenSource(50);
        await Assert.ThrowsAsync<OperationCanceledException>(() => console.WriteAsync("x"u8.ToArray(), cancelled.Token));
        await console.DisposeAsync();
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => writing);
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => console.WriteAsync("x"u8.ToArray(), Cancellation));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Resize_TellsTheGuest()
    {
        var console = NewConsole();
        await using var driver = new MmioDriver(console);
        driver.Start();
        var configuration = new byte[8];
        driver.Transport.Read((uint)MmioRegister.Configuration, configuration);
        CollectionAssert.AreEqual(new byte[] { 80, 0, 25, 0, 1, 0, 0, 0 }, configuration);
        console.Resize(300, 50);
        Assert.IsTrue(driver.WaitForInterrupt());
        Assert.AreEqual(2u, driver[MmioRegister.InterruptStatus] & 2);
        driver.Transport.Read((uint)MmioRegister.Configuration, configuration);
        CollectionAssert.AreEqual(new byte[] { 44, 1, 50, 0, 1, 0, 0, 0 }, configuration);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task EmergencyWrite_WithoutADriver_IsPrinted()
    {
        await using var driver = new MmioDriver(NewConsole());
        foreach (var letter in "oops"u8)
            driver.Transport.Write((uint)MmioRegister.Configuration + 8, [letter, 0, 0, 0]);
        driver.Transport.Write((uint)MmioRegister.Configuration, [1, 2, 3, 4]);
        Assert.AreEqual("oops", Text);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow(Receive)]
    [DataRow(Transmit)]
    public async Task BrokenRing_StopsTheDeviceUntilReset(int queue)
    {
        var console = NewConsole();
        await using var driver = new MmioDriver(console);
        driver.Start();
        await console.WriteAsync("input"u8.ToArray(), Cancellation);
        // The wrong direction.
        driver.Queues[queue].Set(0, MmioDriver.Data, 16, queue == Transmit ? DescriptorFlags.Write : DescriptorFlags.None);
        driver.Queues[queue].Offer(0);
        driver[MmioRegister.QueueNotify] = (uint)queue;
        Assert.IsTrue(SpinWait.SpinUntil(() => driver.Status.HasFlag(DeviceStatus.NeedsReset), Limit));
        driver.Start();
        Print(driver, "works again");
        Assert.AreEqual("works again", Text);
    }

    /// <summary>Whatever a driver offers, the device survives, and works after a reset.</summary>
    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task Rings_Random_DeviceKeepsWorking()
    {
        var console = NewConsole(TimeSpan.Zero);
        await using var driver = new MmioDriver(console);
        var writing = Task.CompletedTask;
        var address = Gen.Frequency(
            (6, Gen.ULong[0, MmioDriver.MemoryBytes]), (1, Gen.ULong[MmioDriver.MemoryBytes - 64, MmioDriver.MemoryBytes]), (1, Gen.ULong));
        var length = Gen.Frequency((6, Gen.UInt[0, 10_000]), (1, Gen.UInt));
        var descriptor = Gen.Select(address, length, Gen.Int[0, 7], Gen.UShort[0, 8], (a, l, f, n) => new Descriptor
        {
            Address = a,
            Length = l,
            Flags = (DescriptorFlags)f,
            Next = n,
        });
        Gen.Select(descriptor.Array[8], Gen.UShort[0, 9].Array[1, 8], Gen.Int[0, 1], Gen.Int[0, 100]).Sample(
            (table, heads, queue, appetite) =>
            {
                _appetite = appetite;
                driver.Start();
                if (writing.IsCompleted)
                    writing = console.WriteAsync("some input"u8.ToArray(), Cancellation);
                for (var i = 0; i < table.Length; i++)
                    driver.Queues[queue].Descriptor(i) = table[i];
                foreach (var head in heads)
                    driver.Queues[queue].Offer(head);
                driver[MmioRegister.QueueNotify] = (uint)queue;
                driver[MmioRegister.QueueNotify] = (uint)(1 - queue);
                _output.Clear();
            },
            iter: 500, threads: 1);
        _appetite = int.MaxValue;
        driver.Start();
        _output.Clear();
        Print(driver, "still there");
        Assert.AreEqual("still there", Text);
    }

    private static void Print(MmioDriver driver, string text)
    {
        Encoding.Latin1.GetBytes(text).CopyTo(driver.At(MmioDriver.Data, text.Length));
        driver.Queues[Transmit].Set(0, MmioDriver.Data, (uint)text.Length);
        Assert.AreEqual(0u, driver.Exchange(Transmit, 0));
    }

    private VirtioConsole NewConsole(TimeSpan? timeout = null, RecordingLogger? logger = null) => VirtioConsole.Create(new VirtioConsoleOptions
    {
        Output = Take,
        OutputTimeout = timeout ?? TimeSpan.FromSeconds(20),
        Logger = logger ?? new RecordingLogger(),
    });

    private int Take(ReadOnlySpan<byte> text)
    {
        var count = Math.Min(_appetite, text.Length);
        foreach (var letter in text[..count])
            _output.Enqueue(letter);
        return count;
    }
}
