using System.Buffers.Binary;

namespace Kata.Guest.Image;

/// <summary>
/// The signature at the end of a distribution's module. Checking one takes the kernel longer than all the rest of loading it: on an
/// emulated processor two thirds of the time from the start of the agent until the guest is ready. Nothing in the guest asks for it: the
/// module comes from the same initrd as the agent. Only a kernel told to enforce signatures (<c>module.sig_enforce</c>) would.
/// </summary>
internal static class ModuleSignature
{
    // struct module_signature (include/linux/module_signature.h): algorithm, hash, id type, signer length, key id length, padding,
    // and the big-endian length of the signature; the parts themselves come before it.
    private const int InformationSize = 12;
    private const int SignerLength = 3;
    private const int KeyIdLength = 4;
    private const int SignatureLength = 8;

    private static ReadOnlySpan<byte> Marker => "~Module signature appended~\n"u8;

    /// <summary>The module without its signature; the same when it has none.</summary>
    /// <exception cref="GuestImageException">The signature is longer than the file.</exception>
    public static byte[] Remove(byte[] module, string path)
    {
        if (module.Length < Marker.Length + InformationSize || !module.AsSpan().EndsWith(Marker))
            return module;
        int end = module.Length - Marker.Length - InformationSize;
        ReadOnlySpan<byte> information = module.AsSpan(end, InformationSize);
        long length = (long)BinaryPrimitives.ReadUInt32BigEndian(information[SignatureLength..])
            + information[SignerLength] + information[KeyIdLength];
        return length <= end ? module[..(int)(end - length)] : throw new GuestImageException($"{path} is damaged: its signature is longer than the module.");
    }
}
