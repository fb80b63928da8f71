using Kata.Benchmarks;
using Kata.Benchmarks.Boot;
using Kata.Benchmarks.Collections;
using Kata.Benchmarks.Devices;
using Kata.Benchmarks.Exits;
using Kata.Benchmarks.GuestIo;
using Kata.Benchmarks.Network;
using Kata.Benchmarks.Run;
using Kata.Benchmarks.Shim;
using Kata.Benchmarks.Ttrpc;
using Kata.Benchmarks.Vsock;

// Whole-process comparisons that print ratios. Publish with NativeAOT first:
//   dotnet publish tests/Kata.Benchmarks && artifacts/publish/Kata.Benchmarks/release/Kata.Benchmarks VERB
Verb[] verbs =
[
    ShimComparison.Verb,
    BootComparison.Verb,
    ExitComparison.Verb,
    ExitLoad.Verb,
    GuestIoComparison.Verb,
    GuestIoMachine.Verb,
    RunBreakdown.Verb,
    ShimCollections.Verb,
    TtrpcComparison.Verb,
    TtrpcPeer.ServeVerb,
    TtrpcPeer.LoadVerb,
    VsockComparison.Verb,
    NetworkComparison.Verb,
    DeviceComparison.Verb,
    DeviceServer.Verb,
];

var verb = verbs.FirstOrDefault(candidate => candidate.Name == args.FirstOrDefault());
if (verb is null)
{
    Console.Error.WriteLine("Usage: Kata.Benchmarks VERB [argument...]");
    foreach (var candidate in verbs)
        Console.Error.WriteLine($"  {candidate.Name,-12} {candidate.Help}");
    return 2;
}

return await verb.RunAsync(args[1..]);
