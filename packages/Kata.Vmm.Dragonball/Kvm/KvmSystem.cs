using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;
using static Kata.Vmm.Dragonball.Kvm.KvmInterop;
using static Kata.Vmm.Dragonball.Kvm.KvmRequests;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>/dev/kvm.</summary>
internal sealed class KvmSystem : IDisposable
{
    public const string DevicePath = "/dev/kvm";

    /// <summary>KVM_API_VERSION, which has not changed since Linux 2.6.22.</summary>
    public const int ApiVersion = 12;

    private const int FirstCpuidEntries = 256;
    private const int MostCpuidEntries = 4096;

    private readonly SafeFileHandle _device;

    private KvmSystem(SafeFileHandle device) => _device = device;

    /// <summary>Opens the device.</summary>
    /// <exception cref="LinuxException">As open(2): ENOENT without the module, EACCES without the right.</exception>
    public static KvmSystem Open() => new(FileDescriptors.Open(DevicePath, OpenFlags.ReadWrite));

    /// <summary>KVM_GET_API_VERSION.</summary>
    public int GetApiVersion() => Ioctl(_device, KVM_GET_API_VERSION, 0);

    /// <summary>KVM_CHECK_EXTENSION: 0 without the capability; often a number that says more.</summary>
    public int Check(KvmCapability capability) => Ioctl(_device, KVM_CHECK_EXTENSION, (nint)capability);

    /// <summary>KVM_GET_SUPPORTED_CPUID: all that host and KVM can offer to a guest.</summary>
    public unsafe KvmCpuidEntry[] GetSupportedCpuid()
    {
        for (var capacity = FirstCpuidEntries; ; capacity *= 2)
        {
            var list = new KvmList<KvmCpuidEntry>(capacity);
            if (list.Pass(_device, KVM_GET_SUPPORTED_CPUID) >= 0)
                return list.Entries.ToArray();
            var errno = (Errno)Marshal.GetLastPInvokeError();
            if (errno != Errno.E2BIG || capacity == MostCpuidEntries)
                throw new LinuxException("KVM_GET_SUPPORTED_CPUID", null, errno);
        }
    }

    /// <summary>KVM_CREATE_VM.</summary>
    public KvmVm CreateVm()
    {
        // First, so that no machine is left over when this fails.
        var size = KvmError.Check(Ioctl(_device, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
        while (true)
        {
            var fd = Ioctl(_device, KVM_CREATE_VM, 0);
            // A signal interrupts it, and the runtime sends some when it collects garbage.
            if (fd < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR)
                continue;
            return new KvmVm(new SafeFileHandle(KvmError.Check(fd, "KVM_CREATE_VM"), ownsHandle: true), size);
        }
    }

    public void Dispose() => _device.Dispose();
}
