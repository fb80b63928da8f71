using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Acpi;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;

namespace Kata.Vmm.Dragonball.Tests.Boot;

/// <summary>The tables as the ACPI component architecture, which is also Linux's interpreter, reads them.</summary>
[TestClass]
public sealed class AcpiTablesTests
{
    private static readonly MachineDescription s_machine = new()
    {
        VcpuCount = 3,
        Serial = SerialPortDescription.Com1,
        VirtioWindows = [new(0xD000_0000, 0x1000, 5), new(0xD000_1000, 0x1000, 6)],
    };

    [TestMethod]
    public void Write_AnyMachine_RootLeadsToTablesThatAddUpToZero()
    {
        using var memory = new TestMemory(4 << 20);

        var tables = Tables(memory, s_machine);

        CollectionAssert.AreEqual(new[] { "FACP", "APIC" }, tables.Keys.Where(name => name is not ("DSDT" or "XSDT")).ToArray());
        foreach (var (name, table) in tables)
            Assert.AreEqual(0, (byte)table.Sum(value => value), name);
        Assert.AreEqual(0, (byte)memory.Bytes(0xE_0000, 20).ToArray().Sum(value => value), "RSDP of ACPI 1.0");
        Assert.AreEqual(0, (byte)memory.Bytes(0xE_0000, 36).ToArray().Sum(value => value), "RSDP");
    }

    [TestMethod]
    public void Write_MostProcessorsAndDevices_Fits()
    {
        using var memory = new TestMemory(4 << 20);
        var machine = s_machine with
        {
            VcpuCount = 254,
            VirtioWindows = [.. Enumerable.Range(0, 32).Select(i => new VirtioMmioWindow(0xD000_0000 + ((uint)i * 0x1000), 0x1000, 5))],
        };

        var tables = Tables(memory, machine);

        Assert.AreEqual(44 + (254 * 8) + 12 + 6, tables["APIC"].Length);
        Assert.IsTrue(tables.Values.Sum(table => table.Length) < 16 << 10);
    }

    [TestMethod]
    public void Write_TooManyDevices_SaysSo()
    {
        using var memory = new TestMemory(4 << 20);
        var machine = s_machine with { VirtioWindows = [.. Enumerable.Repeat(new VirtioMmioWindow(0xD000_0000, 0x1000, 5), 4000)] };

        var error = Assert.ThrowsExactly<BootException>(() => AcpiTables.Write(new LowMemory(memory.Memory), machine));

        StringAssert.Contains(error.Message, "fewer processors or devices");
        Assert.AreEqual(-1, memory.Bytes(0xF_FF00, 0x100).IndexOfAnyExcept((byte)0));
    }

    [TestMethod]
    public void Dsdt_Disassembled_NamesTheDevices()
    {
        using var acpica = new Acpica(s_machine);

        var source = acpica.Disassemble("DSDT");

        foreach (var expected in new[]
        {
            """DefinitionBlock ("", "DSDT", 2, "KATA ", "DRAGONBL", 0x00000001)""",
            """Name (\_S5, Package (0x04) // _S5_: S5 System State { 0x05, Zero, Zero, Zero })""",
            """Device (COM1) { Name (_HID, EisaId ("PNP0501") /* 16550A-compatible COM Serial Port */) // _HID: Hardware ID Name (_UID, Zero)""",
            "IO (Decode16, 0x03F8, // Range Minimum 0x03F8, // Range Maximum 0x01, // Alignment 0x08, // Length )",
            "Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, ) { 0x00000004, }",
            """Device (V001) { Name (_HID, "LNRO0005") // _HID: Hardware ID Name (_UID, One)""",
            "Name (_CCA, One)",
            "Memory32Fixed (ReadWrite, 0xD0001000, // Address Base 0x00001000, // Address Length )",
            "{ 0x00000006, }",
        })
        {
            StringAssert.Contains(source, expected);
        }
    }

    [TestMethod]
    public void Dsdt_DisassembledAndCompiled_IsTheSame()
    {
        using var acpica = new Acpica(s_machine with
        {
            // Long enough for every form of a package length.
            VirtioWindows = [.. Enumerable.Range(0, 200).Select(i => new VirtioMmioWindow(0xD000_0000 + ((uint)i * 0x1000), 0x1000, (uint)(5 + i)))],
        });
        acpica.Disassemble("DSDT");

        var compiled = acpica.Compile("DSDT");

        // The compiler signs its work in the header. Nothing else differs, as it may not optimize.
        CollectionAssert.AreEqual(acpica.Tables["DSDT"][36..], compiled[36..]);
    }

    [TestMethod]
    public void Dsdt_LoadedByTheInterpreter_Evaluates()
    {
        using var acpica = new Acpica(s_machine);

        StringAssert.Contains(acpica.Evaluate(@"\_SB.V001._UID"), "[Integer] = 0000000000000001");
        StringAssert.Contains(acpica.Evaluate(@"\_SB.V000._HID"), "[String] Length 08 = \"LNRO0005\"");
        StringAssert.Contains(acpica.Evaluate(@"\_SB.COM1._HID"), "[Integer] = 000000000105D041");
        StringAssert.Contains(acpica.Evaluate(@"\_S5"), "[Package] Contains 4 Elements");
    }

    [TestMethod]
    public void Fadt_Disassembled_IsHardwareReduced()
    {
        using var acpica = new Acpica(s_machine);

        var fields = acpica.Fields("FACP");

        Assert.AreEqual("00000114", fields["Table Length"]);
        Assert.AreEqual("06", fields["Revision"]);
        Assert.AreEqual("05", fields["FADT Minor Revision"]);
        Assert.AreEqual("1", fields["Hardware Reduced (V5)"]);
        Assert.AreEqual("1", fields["Reset Register Supported (V2)"]);
        Assert.AreEqual("1", fields["VGA Not Present (V4)"]);
        Assert.AreEqual("1", fields["CMOS RTC Not Present (V5)"]);
        Assert.AreEqual("0", fields["8042 Present on ports 60/64 (V2)"]);
        Assert.AreEqual("01", fields["Value to cause reset"]);
        var source = acpica.Disassemble("FACP");
        foreach (var register in new[] { "Reset Register", "Sleep Control Register", "Sleep Status Register" })
        {
            StringAssert.Matches(source, new(
                register + @" : \[Generic Address Structure\] (\[\w+ \w+ \d+\] )?Space ID : 01 \[SystemIO\] .*? Bit Width : 08 .*? Address : 0000000000000600"));
        }
    }

    [TestMethod]
    public void Madt_Disassembled_HasAllProcessors()
    {
        using var acpica = new Acpica(s_machine);

        var source = acpica.Disassemble("APIC");

        Assert.AreEqual(3, source.Split("Processor Enabled : 1").Length - 1);
        StringAssert.Contains(source, "Local Apic Address : FEE00000");
        StringAssert.Contains(source, "PC-AT Compatibility : 0");
        StringAssert.Contains(source, "Address : FEC00000");
        StringAssert.Contains(source, "Interrupt Input LINT : 01");
    }

    /// <summary>Follows the pointers from the RSDP.</summary>
    private static Dictionary<string, byte[]> Tables(TestMemory memory, MachineDescription machine)
    {
        var rsdp = AcpiTables.Write(new LowMemory(memory.Memory), machine);
        Assert.AreEqual(0ul, rsdp % 16);
        var tables = new Dictionary<string, byte[]>();
        var xsdt = Add(memory.Read<ulong>(rsdp + 24));
        for (var i = 36; i < xsdt.Length; i += 8)
            Add(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(i)));
        Add(BinaryPrimitives.ReadUInt64LittleEndian(tables["FACP"].AsSpan(140)));
        return tables;

        byte[] Add(ulong address)
        {
            var table = memory.Bytes(address, memory.Read<int>(address + 4)).ToArray();
            tables.Add(Encoding.ASCII.GetString(table, 0, 4), table);
            return table;
        }
    }

    /// <summary>iasl and acpiexec, of Debian's acpica-tools, with the tables of a machine as files.</summary>
    private sealed class Acpica : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("acpi").FullName;

        public Acpica(MachineDescription machine)
        {
            using var memory = new TestMemory(4 << 20);
            Tables = AcpiTablesTests.Tables(memory, machine);
            foreach (var (name, table) in Tables)
                File.WriteAllBytes(Path.Combine(_directory, name + ".dat"), table);
        }

        public IReadOnlyDictionary<string, byte[]> Tables { get; }

        /// <summary>The source of a table, with all white space as single blanks and without offsets.</summary>
        public string Disassemble(string table)
        {
            Run("iasl", "-d", table + ".dat");
            return string.Join(' ', File.ReadAllText(Path.Combine(_directory, table + ".dsl")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        }

        /// <summary>The fields of a data table by name.</summary>
        public IReadOnlyDictionary<string, string> Fields(string table)
        {
            Disassemble(table);
            return File.ReadLines(Path.Combine(_directory, table + ".dsl"))
                .Select(line => line[(line.IndexOf(']', StringComparison.Ordinal) + 1)..].Split(" : "))
                .Where(parts => parts.Length == 2)
                .GroupBy(parts => parts[0].Trim(), parts => parts[1].Trim())
                .ToDictionary(group => group.Key, group => group.First());
        }

        public byte[] Compile(string table)
        {
            var output = Run("iasl", "-oa", "-p", "compiled", table + ".dsl");
            StringAssert.Contains(output, "0 Errors, 0 Warnings");
            return File.ReadAllBytes(Path.Combine(_directory, "compiled.aml"));
        }

        public string Evaluate(string name) => Run("acpiexec", "-b", $"evaluate {name}", "DSDT.dat");

        public void Dispose() => Directory.Delete(_directory, recursive: true);

        private string Run(string program, params string[] arguments)
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = _directory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            };
            try
            {
                using var process = Process.Start(start)!;
                process.StandardInput.Close();
                var errors = process.StandardError.ReadToEndAsync();
                var output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
                process.WaitForExit();
                Assert.AreEqual(0, process.ExitCode, output);
                return output;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Inconclusive($"needs {program} of Debian's acpica-tools");
                throw;
            }
        }
    }
}
