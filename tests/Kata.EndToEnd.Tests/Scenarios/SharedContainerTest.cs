using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>Base of scenarios that look at one container from many sides; a VM boots once for the class.</summary>
public abstract class SharedContainerTest : ScenarioTest
{
    private static Container? s_container;
    private static HostSnapshot? s_before;

    internal static Container Shared => s_container!;

    [ClassCleanup(InheritanceBehavior.BeforeEachDerivedClass)]
    public static async Task StopSharedAsync()
    {
        if (s_container is null)
            return;
        await s_container.DisposeAsync();
        s_container = null;
        await Eventually.EmptyAsync(() => HostSnapshot.Take(Host).NotIn(s_before!), "The class's container left behind", Settings.Scaled(15));
    }

    /// <summary>Starts the class's container; its output must say "ready" once all of its processes are there.</summary>
    internal static async Task StartSharedAsync(ContainerOptions options, params IReadOnlyList<string> args)
    {
        if (!IsHostAvailable)
            return;
        s_before = HostSnapshot.Take(Host);
        s_container = await RunAsync(options, args);
        await s_container.Init.Io.WaitForOutputAsync("ready");
    }
}
