using Kata.Virtio.Network;

namespace Kata.Virtio.Tests.Network;

[TestClass]
public sealed class NetworkHeaderTests
{
    private const ulong All = ulong.MaxValue;
    private const long FrameBytes = 100;

    [TestMethod]
    [DataRow(0, 0, 0, 0, 0, 0, true, DisplayName = "nothing")]
    [DataRow(0, 0, 100, 0, 0, 0, true, DisplayName = "header as long as the frame")]
    [DataRow(0, 0, 101, 0, 0, 0, false, DisplayName = "header longer than the frame")]
    [DataRow(1, 0, 0, 0, 34, 6, true, DisplayName = "checksum")]
    [DataRow(1, 0, 0, 0, 34, 64, true, DisplayName = "checksum at the very end")]
    [DataRow(1, 0, 0, 0, 34, 65, false, DisplayName = "checksum beyond the end")]
    [DataRow(1, 0, 0, 0, 65535, 65535, false, DisplayName = "checksum far beyond the end")]
    [DataRow(1, 0, 0, 0, 13, 6, false, DisplayName = "checksum within the Ethernet header")]
    [DataRow(1, 1, 54, 1000, 34, 16, true, DisplayName = "TCP over IPv4")]
    [DataRow(1, 4, 74, 1000, 54, 16, true, DisplayName = "TCP over IPv6")]
    [DataRow(1, 5, 42, 1, 34, 6, true, DisplayName = "UDP")]
    [DataRow(1, 0x81, 54, 1000, 34, 16, true, DisplayName = "TCP with ECN")]
    [DataRow(1, 0x85, 42, 1000, 34, 6, false, DisplayName = "UDP with ECN")]
    [DataRow(1, 0x80, 0, 0, 34, 6, false, DisplayName = "ECN of nothing")]
    [DataRow(0, 1, 54, 1000, 0, 0, false, DisplayName = "segments without checksum")]
    [DataRow(1, 1, 54, 7, 34, 16, false, DisplayName = "segments of no size")]
    [DataRow(1, 5, 42, 0, 34, 6, false, DisplayName = "datagrams of no size")]
    [DataRow(1, 3, 42, 1000, 34, 6, false, DisplayName = "UDP fragments, not offered")]
    [DataRow(1, 2, 42, 1000, 34, 6, false, DisplayName = "no such kind")]
    [DataRow(1, 127, 42, 1000, 34, 6, false, DisplayName = "no such kind either")]
    public void IsAcceptable_EverythingNegotiated_ChecksOffsetsAndKinds(
        int flags, int type, int length, int segment, int start, int offset, bool expected) =>
        Assert.AreEqual(expected, Header(flags, type, length, segment, start, offset).IsAcceptable(All, FrameBytes));

    [TestMethod]
    public void IsAcceptable_NotNegotiated_IsRefused()
    {
        Check(Header(1, 0, 0, 0, 34, 6), NetworkFeatures.HostChecksum);
        Check(Header(1, 1, 54, 1000, 34, 16), NetworkFeatures.HostChecksum, NetworkFeatures.HostTcp4);
        Check(Header(1, 4, 74, 1000, 54, 16), NetworkFeatures.HostChecksum, NetworkFeatures.HostTcp6);
        Check(Header(1, 5, 42, 1000, 34, 6), NetworkFeatures.HostChecksum, NetworkFeatures.HostUdp);
        Check(Header(1, 0x81, 54, 1000, 34, 16), NetworkFeatures.HostChecksum, NetworkFeatures.HostTcp4, NetworkFeatures.HostTcpEcn);

        static void Check(NetworkHeader header, params ulong[] needed)
        {
            Assert.IsTrue(header.IsAcceptable(needed.Aggregate((all, one) => all | one), FrameBytes));
            foreach (var missing in needed)
                Assert.IsFalse(header.IsAcceptable(All & ~missing, FrameBytes), $"{missing:x}");
        }
    }

    private static NetworkHeader Header(int flags, int type, int length, int segment, int start, int offset) => new()
    {
        Flags = (byte)flags,
        SegmentationType = (byte)type,
        HeaderLength = (ushort)length,
        SegmentSize = (ushort)segment,
        ChecksumStart = (ushort)start,
        ChecksumOffset = (ushort)offset,
    };
}
