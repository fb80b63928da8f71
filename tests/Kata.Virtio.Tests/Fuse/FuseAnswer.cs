using Kata.Linux;

namespace Kata.Virtio.Tests.Fuse;

internal sealed record FuseAnswer(Errno Error, byte[] Content);
