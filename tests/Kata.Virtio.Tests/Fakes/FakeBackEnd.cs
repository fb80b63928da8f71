using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.VhostUser;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>
/// A vhost-user back end without a device, on a thread of its own. It answers well, except where a test wants otherwise.
/// </summary>
internal sealed class FakeBackEnd : IDisposable
{
    private readonly SafeFileHandle _socket;
    private readonly Func<VhostUserMessage, byte[]?> _answer;
    private readonly Thread _thread;

    /// <param name="answer">What to send for a request, whole messages or not; null closes the connection.</param>
    public FakeBackEnd(Func<VhostUserMessage, byte[]?> answer)
    {
        (_socket, FrontEndSocket) = UnixSocket.Pair();
        _answer = answer;
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public SafeFileHandle FrontEndSocket { get; }

    /// <summary>Sent along with the next answer.</summary>
    public SafeHandle? Descriptor { get; set; }

    /// <summary>What a back end of a file system answers.</summary>
    public static byte[] Answer(VhostUserMessage request) => request.Request switch
    {
        VhostUserRequest.GetFeatures => Reply(
            request, VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors | VhostUserProtocol.ProtocolFeaturesBit),
        VhostUserRequest.GetProtocolFeatures => Reply(request, VhostUserProtocol.Offered),
        VhostUserRequest.GetQueueNum => Reply(request, 2),
        VhostUserRequest.GetVringBase => Reply(request, request.ReadUInt64()),
        VhostUserRequest.GetConfig => Reply(request, request.Payload),
        _ => request.NeedsReply ? Reply(request, 0) : [],
    };

    public static byte[] Reply(VhostUserMessage request, ulong value) => Reply(request, FakeFrontEnd.UInt64(value));

    public static byte[] Reply(VhostUserMessage request, ReadOnlySpan<byte> payload) =>
        FakeFrontEnd.Message(request.Request, payload, VhostUserProtocol.Version | VhostUserProtocol.ReplyFlag);

    public void Dispose()
    {
        FrontEndSocket.Dispose();
        _thread.Join();
    }

    private void Run()
    {
        using var reader = new VhostUserReader();
        using (_socket)
        {
            try
            {
                while (reader.TryRead(_socket) is { } request)
                {
                    using (request)
                    {
                        if (_answer(request) is not { } answer)
                            return;
                        if (answer.Length > 0)
                            UnixSocket.Send(_socket, answer, Descriptor is null ? [] : [Descriptor]);
                    }
                }
            }
            catch (LinuxException)
            {
                // The front end has hung up.
            }
        }
    }
}
