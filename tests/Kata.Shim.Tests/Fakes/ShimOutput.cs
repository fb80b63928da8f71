using System.Text;

namespace Kata.Shim.Tests.Fakes;

/// <summary>What a run of the shim's executable left.</summary>
internal sealed record ShimOutput(int ExitCode, byte[] Output, string Error)
{
    internal string Text => Encoding.UTF8.GetString(Output);
}
