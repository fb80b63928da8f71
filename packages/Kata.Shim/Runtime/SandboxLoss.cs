namespace Kata.Shim.Runtime;

/// <summary>Why a sandbox can run nothing any more.</summary>
/// <param name="Reason">A sentence for the log and for errors.</param>
/// <param name="Expected">The shim itself ended it.</param>
internal sealed record SandboxLoss(string Reason, bool Expected);
