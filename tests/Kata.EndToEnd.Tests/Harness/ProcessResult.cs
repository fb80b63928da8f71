namespace Kata.EndToEnd.Tests.Harness;

/// <summary>How a container's process ended and what it wrote.</summary>
internal sealed record ProcessResult(uint ExitStatus, string Output, string Error)
{
    /// <summary>The output of a process that must have succeeded.</summary>
    public string Succeeded()
    {
        Assert.AreEqual(0U, ExitStatus, $"stdout: {Output}\nstderr: {Error}");
        return Output;
    }
}
