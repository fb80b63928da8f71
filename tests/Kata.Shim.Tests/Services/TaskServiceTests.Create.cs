using Grpc.Core;
using Kata.Protocols;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Tests.Fakes;

namespace Kata.Shim.Tests.Services;

/// <content>Creating containers.</content>
public sealed partial class TaskServiceTests
{
    [TestMethod]
    public async Task Create_BadRequests_SayWhatIsWrongAndLeaveNothing()
    {
        await using var shim = await ShimFixture.StartAsync();

        var request = shim.CreateRequest("../x");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, request)), "\"../x\" is not an identifier");
        request = shim.CreateRequest();
        request.Bundle = "/no/such/bundle";
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, request)), "bundle /no/such/bundle");
        File.WriteAllText($"{shim.Bundle}/config.json", "{\n\"process\": 7 }");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest())), "config.json, line 2");
        File.WriteAllText($"{shim.Bundle}/config.json", """{ "root": { "path": "rootfs" } }""");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest())), "process.args is missing");
        File.Delete($"{shim.Bundle}/config.json");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest())), "config.json cannot be read");
        request = shim.CreateRequest();
        request.Checkpoint = "/images";
        await AssertFailsAsync(StatusCode.Unimplemented, CreateAsync(shim, request));

        Assert.IsFalse(shim.HasState);
        Assert.IsEmpty(shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Create_SameIdTwice_AlreadyExists()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());

        await AssertFailsAsync(StatusCode.AlreadyExists, CreateAsync(shim, shim.CreateRequest()));
    }

    [TestMethod]
    public async Task Create_HypervisorOfAnotherPackage_NamesThePackage()
    {
        await using var shim = await ShimFixture.StartAsync();
        var path = $"{shim.Directory}/configuration.toml";
        File.WriteAllText(path, File.ReadAllText(path).Replace("fake", "dragonball", StringComparison.Ordinal));

        var message = await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest()));

        StringAssert.Contains(message, "Kata.Vmm.Dragonball");
        Assert.IsFalse(shim.HasState);
    }

    [TestMethod]
    public async Task Create_VmThatDiesDuringBoot_IsToldWithItsLastWordsAndNoEvent()
    {
        await using var shim = await ShimFixture.StartAsync();
        shim.Provider.LastWords = "could not load kernel";
        shim.Provider.OnStart = async _ =>
        {
            shim.Provider.Vm!.Kill(Linux.Signal.SIGKILL);
            await shim.Provider.Vm.Exited;
        };

        var message = await AssertFailsAsync(StatusCode.Unavailable, CreateAsync(shim, shim.CreateRequest()));

        StringAssert.Contains(message, "could not load kernel");
        Assert.IsFalse(shim.HasState);
        await AssertFailsAsync(StatusCode.NotFound, shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);
        await shim.Task.ShutdownAsync(new ShutdownRequest { Id = "c1" });
        await shim.Serving.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.IsEmpty(shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Create_AgentRefuses_RollsBack()
    {
        await using var shim = await ShimFixture.StartAsync();
        shim.Provider.AgentStarted = agent => agent.OnCall = call => call == "CreateContainer"
            ? throw new RpcException(new Grpc.Core.Status(StatusCode.NotFound, "executable file `nope` not found in $PATH: No such file or directory"))
            : Task.CompletedTask;

        var message = await AssertFailsAsync(StatusCode.Unknown, CreateAsync(shim, shim.CreateRequest()));

        StringAssert.Contains(message, "not found in $PATH");
        Assert.IsTrue(shim.Provider.Vm!.Exited.IsCompleted);
        Assert.IsFalse(shim.HasState);
        Assert.IsEmpty(shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Create_DeletedHalfWay_IsAbandoned()
    {
        await using var shim = await ShimFixture.StartAsync();
        var preparing = new TaskCompletionSource();
        shim.Provider.OnPrepare = async token =>
        {
            preparing.SetResult();
            await Task.Delay(Timeout.Infinite, token);
        };
        var creating = CreateAsync(shim, shim.CreateRequest());
        await preparing.Task;

        await AssertFailsAsync(StatusCode.NotFound, shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);

        await AssertFailsAsync(StatusCode.Cancelled, creating);
        Assert.IsFalse(shim.HasState);
        shim.Provider.OnPrepare = _ => Task.CompletedTask;
        await shim.RunAsync();
    }
}
