using System.Text;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks;

/// <summary>A child process whose output is read.</summary>
internal sealed class Child : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly StreamReader _output;

    private Child(ChildProcess process, SafeFileHandle output)
    {
        _process = process;
        _output = new StreamReader(new FileStream(output, FileAccess.Read, 0), Encoding.UTF8);
    }

    public int Id => _process.Id;

    public static Child Start(string path, params string[] arguments) => Start(path, arguments, null, null);

    public static Child Start(string path, string[] arguments, string? directory, IReadOnlyDictionary<string, string>? environment)
    {
        var (read, write) = FileDescriptors.Pipe();
        using (write)
        {
            var process = ChildProcess.Start(new ChildProcessOptions
            {
                Path = path,
                Arguments = arguments,
                WorkingDirectory = directory,
                Environment = environment,
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = write, [2] = write },
            });
            return new Child(process, read);
        }
    }

    /// <summary>The next line of output; null at the end.</summary>
    public Task<string?> ReadLineAsync() => Task.Run(_output.ReadLine);

    /// <summary>All output, when the child has ended well.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = await Task.Run(_output.ReadToEnd);
        var status = await _process.Exited;
        return status.ShellCode == 0 ? text : throw new InvalidOperationException($"The child ended with {status}: {text}");
    }

    /// <summary>Ends the child.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Kill(Signal.SIGKILL);
        await _process.Exited;
        _output.Dispose();
        _process.Dispose();
    }
}
