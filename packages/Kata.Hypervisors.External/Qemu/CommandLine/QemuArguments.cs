using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>
/// QEMU's arguments and the descriptors they refer to, by their number in QEMU. No shell and no configuration file is involved. Disposal,
/// after QEMU was started, closes this process's copies.
/// </summary>
internal sealed class QemuArguments : IDisposable
{
    private const int FirstDescriptor = 3;

    private readonly List<string> _arguments = [];
    private readonly Dictionary<int, SafeHandle> _descriptors = [];

    public IReadOnlyList<string> Arguments => _arguments;

    public IReadOnlyDictionary<int, SafeHandle> Descriptors => _descriptors;

    /// <summary>Adds an option without a value.</summary>
    public QemuArguments Add(string option)
    {
        _arguments.Add(option);
        return this;
    }

    /// <summary>Adds an option whose value QEMU takes as it is, or that was put together with <see cref="Escape"/>.</summary>
    public QemuArguments Add(string option, string value)
    {
        _arguments.Add(option);
        _arguments.Add(value);
        return this;
    }

    /// <summary>Adds an option with a JSON value: typed, and with nothing to escape.</summary>
    public QemuArguments Add(string option, JsonObject value) => Add(option, value.ToJsonString());

    /// <summary>Takes over a descriptor and hands it to QEMU.</summary>
    /// <returns>Its number in QEMU, as text.</returns>
    public string AddDescriptor(SafeHandle descriptor)
    {
        var number = FirstDescriptor + _descriptors.Count;
        _descriptors.Add(number, descriptor);
        return number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A value in QEMU's <c>key=value,…</c> syntax, where a comma is written twice.</summary>
    public static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    public void Dispose()
    {
        foreach (var descriptor in _descriptors.Values)
            descriptor.Dispose();
    }
}
