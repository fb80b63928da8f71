using Grpc.Core;
using Kata.Protocols.Containerd.Events;
using Kata.Shim.Services;
using Kata.Shim.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Services;

[TestClass]
public sealed class EventPublisherTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kata-events-").FullName;

    private string Address => $"{_directory}/ttrpc.sock";

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_directory, recursive: true);

    [TestMethod]
    public async Task Publish_Many_ArriveInOrderWithBareTypeNames()
    {
        await using var containerd = new FakeContainerd(Address);
        await using var publisher = new EventPublisher($"unix://{Address}", "ns", NullLogger.Instance, TimeProvider.System);
        for (var i = 0; i < 200; i++)
            publisher.Publish(new TaskStart { ContainerId = $"c{i}" });

        await publisher.FlushAsync(TimeSpan.FromSeconds(20));

        CollectionAssert.AreEqual(Enumerable.Range(0, 200).Select(i => $"start c{i}").ToList(), containerd.Summary);
        var envelope = containerd.Envelopes.First();
        Assert.AreEqual("containerd.events.TaskStart", envelope.Event.TypeUrl);
        Assert.AreEqual("/tasks/start", envelope.Topic);
        Assert.AreEqual("ns", envelope.Namespace);
        Assert.AreNotEqual(0, envelope.Timestamp.Seconds);
    }

    [TestMethod]
    public async Task Publish_AcrossARestart_LosesNothingAndKeepsTheOrder()
    {
        await using var containerd = new FakeContainerd(Address);
        await using var publisher = new EventPublisher(Address, "ns", NullLogger.Instance, TimeProvider.System);
        publisher.Publish(new TaskStart { ContainerId = "before" });
        // An event whose answer is lost is sent again.
        await publisher.FlushAsync(TimeSpan.FromSeconds(20));

        await containerd.StopAsync();
        publisher.Publish(new TaskStart { ContainerId = "during" });
        publisher.Publish(new TaskStart { ContainerId = "after" });
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        containerd.Restart();

        await containerd.WaitForAsync(events => events.Count == 3);
        CollectionAssert.AreEqual(new[] { "start before", "start during", "start after" }, containerd.Summary);
    }

    [TestMethod]
    public async Task Publish_Refused_IsNotRepeated()
    {
        await using var containerd = new FakeContainerd(Address) { Refusal = new RpcException(new Status(StatusCode.InvalidArgument, "no")) };
        await using var publisher = new EventPublisher(Address, "ns", NullLogger.Instance, TimeProvider.System);

        publisher.Publish(new TaskStart { ContainerId = "refused" });
        publisher.Publish(new TaskStart { ContainerId = "accepted" });

        await publisher.FlushAsync(TimeSpan.FromSeconds(20));
        CollectionAssert.AreEqual(new[] { "start accepted" }, containerd.Summary);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    public async Task Publish_NobodyWantsEvents_IsFine(string? address)
    {
        await using var publisher = new EventPublisher(address, "ns", NullLogger.Instance, TimeProvider.System);

        publisher.Publish(new TaskStart { ContainerId = "c1" });

        await publisher.FlushAsync(TimeSpan.FromSeconds(5));
    }

    [TestMethod]
    public async Task Flush_NobodyListens_EndsInTime()
    {
        await using var publisher = new EventPublisher(Address, "ns", NullLogger.Instance, TimeProvider.System);
        publisher.Publish(new TaskStart { ContainerId = "c1" });

        await publisher.FlushAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(TimeSpan.FromSeconds(20));
    }
}
