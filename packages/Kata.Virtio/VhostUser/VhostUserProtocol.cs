namespace Kata.Virtio.VhostUser;

/// <summary>Numbers and limits of the vhost-user protocol.</summary>
internal static class VhostUserProtocol
{
    /// <summary>VHOST_USER_F_PROTOCOL_FEATURES, among the virtio feature bits.</summary>
    public const ulong ProtocolFeaturesBit = 1UL << 30;

    public const ulong MultiQueue = 1UL << 0;
    public const ulong ReplyAck = 1UL << 3;
    public const ulong BackEndRequests = 1UL << 5;
    public const ulong Config = 1UL << 9;
    public const ulong ResetDevice = 1UL << 13;
    public const ulong ConfigureMemorySlots = 1UL << 15;

    /// <summary>What this back end can do.</summary>
    public const ulong Offered = MultiQueue | ReplyAck | BackEndRequests | Config | ResetDevice | ConfigureMemorySlots;

    public const int HeaderSize = 12;
    public const uint Version = 1;
    public const uint VersionMask = 3;
    public const uint ReplyFlag = 1 << 2;
    public const uint NeedReplyFlag = 1 << 3;

    /// <summary>Regions in one SET_MEM_TABLE (VHOST_MEMORY_BASELINE_NREGIONS), which is also the most descriptors in one message.</summary>
    public const int MaxTableRegions = 8;

    /// <summary>Regions altogether, told to the front end by GET_MAX_MEM_SLOTS.</summary>
    public const int MaxRegions = 64;

    public const int RegionSize = 32;
    public const int ConfigHeaderSize = 12;

    /// <summary>Bytes of the largest configuration space (VHOST_USER_MAX_CONFIG_SIZE).</summary>
    public const int MaxConfigSize = 256;

    /// <summary>Bytes of the largest payload that any request here has: a configuration space or a memory table (264).</summary>
    public const int MaxPayload = ConfigHeaderSize + MaxConfigSize;

    /// <summary>VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, a request of the back end.</summary>
    public const uint ConfigurationChanged = 2;

    /// <summary>In SET_VRING_KICK, CALL and ERR: no descriptor comes with the message.</summary>
    public const ulong NoDescriptorFlag = 1 << 8;
}
