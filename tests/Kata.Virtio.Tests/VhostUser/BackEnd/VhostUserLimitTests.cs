using System.Net.Sockets;
using Kata.Linux.Tests.Processes;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.VhostUser;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.VhostUser.BackEnd;

/// <summary>Takes descriptors from the whole process.</summary>
[TestClass]
[DoNotParallelize]
public sealed class VhostUserLimitTests
{
    [TestMethod]
    [Timeout(60_000)]
    public async Task FrontEnd_ThatComesWhenThereAreNoDescriptors_IsServedLater()
    {
        using var directory = new TemporaryDirectory();
        var logger = new RecordingLogger();
        await using var device = VirtioRng.Create(logger);
        await using var backEnd = VhostUserBackEnd.Start(device, directory.File("vu"), logger);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var address = new UnixDomainSocketEndPoint(directory.File("vu"));
        using (new ResourceLimit(ResourceLimit.Descriptors, 1))
        {
            socket.Connect(address);
            Assert.IsTrue(SpinWait.SpinUntil(() => logger.Lines.Any(line => line.Contains("EMFILE", StringComparison.Ordinal)), 20_000));
        }

        using var frontEnd = new FakeFrontEnd(new SafeFileHandle(socket.Handle, ownsHandle: false));
        Assert.AreEqual(device.Model.Features | VhostUserProtocol.ProtocolFeaturesBit, frontEnd.Get(VhostUserRequest.GetFeatures));
    }
}
