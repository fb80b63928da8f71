using System.Text.Json;
using Kata.Abstractions;

namespace Kata.Shim.Persistence;

/// <summary>The state file of a sandbox: replaced as a whole, never half written.</summary>
internal static class SandboxStateFile
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int MaxSize = 4 * 1024 * 1024;

    /// <exception cref="KataException">The file cannot be written: nothing that it describes may be taken.</exception>
    internal static void Save(SandboxPaths paths, SandboxState state)
    {
        var temporary = $"{paths.StateFile}.new";
        try
        {
            Directory.CreateDirectory(paths.Directory, DirectoryMode);
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
                file.Write(JsonSerializer.SerializeToUtf8Bytes(state, SandboxStateContext.Default.SandboxState));
            File.Move(temporary, paths.StateFile, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new KataException(
                KataErrorKind.ResourceExhausted, $"The state of sandbox {state.SandboxId} cannot be written to {paths.StateFile}: {exception.Message}", exception);
        }
    }

    /// <summary>Reads the state; null when there is none, or it is no state this version can read.</summary>
    internal static SandboxState? Load(SandboxPaths paths)
    {
        try
        {
            if (new FileInfo(paths.StateFile) is not { Exists: true, Length: <= MaxSize })
                return null;
            return JsonSerializer.Deserialize(File.ReadAllBytes(paths.StateFile), SandboxStateContext.Default.SandboxState);
        }
        catch (Exception exception) when (exception is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Removes the sandbox's directories: the last step of every clean-up.</summary>
    internal static void Remove(SandboxPaths paths)
    {
        RemoveDirectory(paths.VmDirectory);
        RemoveDirectory(paths.Directory);
    }

    private static void RemoveDirectory(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Removed already.
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The directory goes with the sandbox.
        }
    }
}
