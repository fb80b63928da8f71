using System.Globalization;
using Kata.Linux;
using Kata.Ttrpc.Transport;
using Microsoft.Win32.SafeHandles;

namespace Kata.Ttrpc;

/// <summary>Where a ttrpc server is. Immutable; text form as in containerd and Kata.</summary>
public sealed record TtrpcAddress
{
    private const string UnixPrefix = "unix://";
    private const string VsockPrefix = "vsock://";
    private const string HybridPrefix = "hvsock://";

    private TtrpcAddress(TtrpcAddressKind kind, string path, uint cid, uint port) => (Kind, Path, Cid, Port) = (kind, path, cid, port);

    /// <summary>Which of the other properties count.</summary>
    public TtrpcAddressKind Kind { get; }

    /// <summary>Path of the unix socket; empty for <see cref="TtrpcAddressKind.Vsock"/>.</summary>
    public string Path { get; }

    /// <summary>The vsock context id: 2 is the host, 4294967295 any.</summary>
    public uint Cid { get; }

    /// <summary>The vsock port.</summary>
    public uint Port { get; }

    /// <summary>The unix socket at a path.</summary>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static TtrpcAddress Unix(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(TtrpcAddressKind.Unix, path, 0, 0);
    }

    /// <summary>A port of a machine's vsock.</summary>
    public static TtrpcAddress Vsock(uint cid, uint port) => new(TtrpcAddressKind.Vsock, "", cid, port);

    /// <summary>A guest's vsock port behind the unix socket of its VMM.</summary>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static TtrpcAddress HybridVsock(string path, uint port)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(TtrpcAddressKind.HybridVsock, path, 0, port);
    }

    /// <summary>Reads <c>unix:///path</c>, <c>/path</c>, <c>vsock://CID:PORT</c> (CID -1 is any) or <c>hvsock:///path:PORT</c>.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static TtrpcAddress Parse(string text) =>
        TryParse(text, out var address)
            ? address
            : throw new FormatException($"'{text}' is no ttrpc address: use unix:///path, vsock://CID:PORT or hvsock:///path:PORT.");

    /// <summary>As <see cref="Parse"/>, without an exception.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TtrpcAddress? address)
    {
        address = null;
        if (string.IsNullOrEmpty(text) || text.Contains('\0', StringComparison.Ordinal))
            return false;
        if (TryCut(text, UnixPrefix, out var rest))
            address = rest.Length > 0 ? Unix(rest) : null;
        else if (TryCut(text, VsockPrefix, out rest))
            address = TrySplitPort(rest, out var cid, out var port) && TryParseCid(cid, out var number) ? Vsock(number, port) : null;
        else if (TryCut(text, HybridPrefix, out rest))
            address = TrySplitPort(rest, out var path, out var port) && path.Length > 0 ? HybridVsock(path, port) : null;
        else if (!text.Contains("://", StringComparison.Ordinal))
            address = Unix(text);
        return address is not null;
    }

    /// <summary>Connects to whoever listens there, for protocols other than ttrpc as well.</summary>
    /// <param name="timeout">How long a guest may take to answer.</param>
    /// <returns>A stream socket, the caller's.</returns>
    /// <exception cref="LinuxException">Nobody listens, or there is no such socket.</exception>
    /// <exception cref="IOException">The hypervisor refused the port of a <c>hvsock</c> address.</exception>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    public ValueTask<SafeFileHandle> ConnectAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Connector.ConnectAsync(this, timeout, cancellationToken);

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Kind switch
    {
        TtrpcAddressKind.Vsock => string.Create(CultureInfo.InvariantCulture, $"{VsockPrefix}{Cid}:{Port}"),
        TtrpcAddressKind.HybridVsock => string.Create(CultureInfo.InvariantCulture, $"{HybridPrefix}{Path}:{Port}"),
        _ => UnixPrefix + Path,
    };

    private static bool TryCut(string text, string prefix, out string rest)
    {
        var found = text.StartsWith(prefix, StringComparison.Ordinal);
        rest = found ? text[prefix.Length..] : "";
        return found;
    }

    private static bool TrySplitPort(string text, out string host, out uint port)
    {
        var colon = text.LastIndexOf(':');
        host = colon < 0 ? "" : text[..colon];
        port = 0;
        return colon >= 0 && uint.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }

    private static bool TryParseCid(string text, out uint cid)
    {
        cid = Linux.Vsock.AnyCid;
        return text == "-1" || uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out cid);
    }
}
