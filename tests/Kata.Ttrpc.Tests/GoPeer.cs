using System.Text;
using Kata.Linux;

namespace Kata.Ttrpc.Tests;

/// <summary>The Go program of Interop/, built once per run with Debian's packages.</summary>
internal static class GoPeer
{
    private const string Compiler = "/usr/bin/go";
    private const string Sources = "/usr/share/gocode";

    private static readonly Lazy<Task<string>> s_program = new(BuildAsync);

    /// <summary>The path of the program; the test is inconclusive without Go.</summary>
    public static Task<string> GetProgramAsync()
    {
        if (!File.Exists(Compiler) || !Directory.Exists($"{Sources}/src/github.com/containerd/ttrpc"))
            Assert.Inconclusive("needs golang-go and golang-github-containerd-ttrpc-dev");
        return s_program.Value;
    }

    /// <summary>Runs a program to its end and returns its exit code and output.</summary>
    public static async Task<(int Code, string Output)> RunAsync(
        string path, string[] arguments, string? directory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var (child, output) = Start(path, arguments, directory, environment);
        using (child)
        using (output)
        {
            var text = await output.ReadToEndAsync();
            return ((await child.Exited).ShellCode, text);
        }
    }

    /// <summary>Starts a program whose output is read.</summary>
    public static (ChildProcess Child, StreamReader Output) Start(
        string path, string[] arguments, string? directory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var (read, write) = FileDescriptors.Pipe();
        using (write)
        {
            var child = ChildProcess.Start(new ChildProcessOptions
            {
                Path = path,
                Arguments = arguments,
                WorkingDirectory = directory,
                Environment = environment,
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = write, [2] = write },
            });
            return (child, new StreamReader(new FileStream(read, FileAccess.Read, 0), Encoding.UTF8));
        }
    }

    private static async Task<string> BuildAsync()
    {
        // Kept between runs in the build output: a first build takes a while. Go decides itself whether it is up to date.
        var output = Path.Combine(AppContext.BaseDirectory, "go-peer");
        var environment = new Dictionary<string, string>
        {
            ["GO111MODULE"] = "off",
            ["GOPATH"] = Sources,
            ["GOCACHE"] = Path.Combine(AppContext.BaseDirectory, "go-cache"),
            ["PATH"] = "/usr/bin:/bin",
        };
        var (code, text) = await RunAsync(Compiler, ["build", "-o", output, "main.go"], Path.Combine(AppContext.BaseDirectory, "Interop"), environment);
        return code == 0 ? output : throw new InvalidOperationException($"go build failed: {text}");
    }
}
