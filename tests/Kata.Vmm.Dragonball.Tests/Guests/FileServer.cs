namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>Who serves a directory of the host to a guest.</summary>
public enum FileServer
{
    /// <summary>The device in this process.</summary>
    Own,

    /// <summary>QEMU's virtiofsd over vhost-user: the yardstick.</summary>
    Virtiofsd,
}
