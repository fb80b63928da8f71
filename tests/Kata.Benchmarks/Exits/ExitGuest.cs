using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kata.Vmm.Dragonball;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Benchmarks.Exits;

/// <summary>
/// A guest that writes to a port of nobody as fast as it can, and counts in its own memory how long it was away each time by the
/// processor's time-stamp counter: the guest's truth, with the kernel's share and without any hook in the VMM. It prints the counts at
/// its end.
/// </summary>
internal static class ExitGuest
{
    // What the guest prints has room in the console's buffer of 64 KiB.
    private const int Buckets = 12 * 1024;
    private const int BucketShift = 11;
    private const uint HistogramAddress = 0x20_0000;

    /// <summary>Runs the guest to its end.</summary>
    /// <param name="begin">Called before its first instruction.</param>
    public static async Task<Gaps> RunAsync(uint exits, Action begin)
    {
        var directory = Directory.CreateTempSubdirectory("kata-exits-").FullName;
        try
        {
            using var output = new MemoryStream();
            await using var vm = MicroVm.Create(new MicroVmOptions
            {
                KernelPath = Kernel(exits).Save(directory),
                MemoryMib = 16,
                PrefaultMemory = true,
                HasEntropyDevice = false,
                ConsoleOutput = output,
            });
            begin();
            await vm.StartAsync();
            var exit = await vm.Exited;
            if (exit.Reason != MicroVmExitReason.GuestShutdown)
                throw new InvalidOperationException(exit.Detail);
            // From the first byte to the guest's last instructions.
            return Read(output.ToArray(), vm.Timeline.Ended!.Value - vm.Timeline.FirstConsoleByte!.Value);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Gaps Read(ReadOnlySpan<byte> report, TimeSpan elapsed)
    {
        const int histogramBytes = Buckets * sizeof(uint);
        if (report.Length != 1 + histogramBytes + (2 * sizeof(ulong)))
            throw new InvalidOperationException($"The guest reported {report.Length} bytes.");
        var longest = BinaryPrimitives.ReadUInt64LittleEndian(report[(1 + histogramBytes)..]);
        var total = BinaryPrimitives.ReadUInt64LittleEndian(report[^sizeof(ulong)..]);
        var histogram = MemoryMarshal.Cast<byte, uint>(report.Slice(1, histogramBytes)).ToArray();
        return new Gaps(histogram, BucketShift, longest, total / elapsed.TotalMicroseconds);
    }

    private static TinyKernel Kernel(uint exits) => new TinyKernel()
        .Print("S")
        .Raw(0xBD).Raw(Bytes(exits)) // mov ebp, exits
        .Raw(0xBB).Raw(Bytes(HistogramAddress)) // mov ebx, histogram
        .Raw(0x45, 0x31, 0xC9) // xor r9d, r9d: the longest
        .Raw(ReadCounter)
        .Raw(0x48, 0x89, 0xC6, 0x49, 0x89, 0xC0) // mov rsi, rax; mov r8, rax: the last, the first
        .Raw(Iteration)
        .Raw(0xFF, 0xCD, 0x75, (byte)-(Iteration.Length + 4)) // dec ebp; jnz
        .Raw(0x4C, 0x89, 0x8B).Raw(Bytes(Buckets * sizeof(uint))) // mov [rbx + histogram's size], r9
        .Raw(0x48, 0x89, 0xDE, 0xFC) // mov rsi, rbx; cld
        .Raw(PrintMemory((Buckets * sizeof(uint)) + sizeof(ulong)))
        .Raw(ReadCounter)
        .Raw(0x4C, 0x29, 0xC0, 0x48, 0x89, 0x06) // sub rax, r8; mov [rsi], rax
        .Raw(PrintMemory(sizeof(ulong)))
        .PowerOff();

    private static byte[] ReadCounter => [0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xD0]; // rdtsc; shl rdx, 32; or rax, rdx

    private static byte[] Iteration =>
    [
        0xE6, 0x80, // out 0x80, al
        .. ReadCounter,
        0x48, 0x89, 0xC7, 0x48, 0x29, 0xF0, 0x48, 0x89, 0xFE, // mov rdi, rax; sub rax, rsi; mov rsi, rdi
        0x4C, 0x39, 0xC8, 0x76, 0x03, 0x49, 0x89, 0xC1, // cmp rax, r9; jbe over; mov r9, rax
        0x48, 0xC1, 0xE8, BucketShift, // shr rax, shift
        0x3D, .. Bytes(Buckets - 1), 0x76, 0x05, 0xB8, .. Bytes(Buckets - 1), // cmp eax, last; jbe over; mov eax, last
        0xFF, 0x04, 0x83, // inc dword [rbx + rax * 4]
    ];

    /// <summary>mov edx, 0x3F8; mov ecx, length; rep outsb.</summary>
    private static byte[] PrintMemory(uint length) => [0xBA, 0xF8, 0x03, 0, 0, 0xB9, .. Bytes(length), 0xF3, 0x6E];

    private static byte[] Bytes(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
