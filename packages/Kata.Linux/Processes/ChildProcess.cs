using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// A child of this process, started with posix_spawn(3) and reaped here and nowhere else. The child gets the namespaces of the calling
/// thread, default signal handlers and an empty signal mask.
/// </summary>
public sealed class ChildProcess : IDisposable
{
    private readonly SafeFileHandle _pidfd;

    private ChildProcess(int pid, SafeFileHandle pidfd)
    {
        Id = pid;
        StartTime = ProcessTable.StartTimeOf(pid) ?? 0;
        _pidfd = pidfd;
        Exited = ChildReaper.WatchAsync(pidfd);
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Clock ticks since boot at which it started: with <see cref="Id"/> its identity.</summary>
    public ulong StartTime { get; }

    /// <summary>Completes when the child has ended and is reaped. Never faults.</summary>
    public Task<ExitStatus> Exited { get; }

    /// <summary>Starts a child.</summary>
    /// <exception cref="LinuxException">ENOENT or EACCES when the executable cannot be run, and others of posix_spawn(3).</exception>
    public static ChildProcess Start(ChildProcessOptions options)
    {
        var pid = Spawn(options);
        return new ChildProcess(pid, OpenPidfd(pid));
    }

    /// <summary>
    /// Starts a child that outlives this process: nobody waits for it here, which saves the thread that waiting takes. While this
    /// process lives, <see cref="ProcessTable.SendSignal(int, Signal)"/> reaches the child by its id and nothing else.
    /// </summary>
    /// <returns>The process id.</returns>
    /// <exception cref="LinuxException">As <see cref="Start"/>.</exception>
    public static int StartUnwatched(ChildProcessOptions options) => Spawn(options);

    /// <summary>Sends a signal; false when the child has ended already.</summary>
    public bool Kill(Signal signal) => ProcessTable.SendSignal(_pidfd, signal);

    /// <summary>Releases the descriptor of the child. The child goes on and is still reaped.</summary>
    public void Dispose()
    {
        // The reaper waits on the same descriptor: it is closed when the child has been reaped.
        if (Exited.IsCompleted)
            _pidfd.Dispose();
        else
            _ = Exited.ContinueWith(static (_, state) => ((SafeFileHandle)state!).Dispose(), _pidfd, TaskScheduler.Default);
    }

    internal static SafeFileHandle OpenPidfd(int pid)
    {
        var fd = LinuxException.Check((long)pidfd_open(SYS_pidfd_open, pid, 0), "pidfd_open", pid.ToString());
        return new SafeFileHandle((nint)fd, ownsHandle: true);
    }

    private static unsafe int Spawn(ChildProcessOptions options)
    {
        var attributes = stackalloc byte[SpawnAttributesSize];
        var actions = stackalloc byte[SpawnActionsSize];
        using var strings = new NativeStrings();
        var duplicates = new List<SafeFileHandle>();
        Check(posix_spawnattr_init(attributes), options);
        Check(posix_spawn_file_actions_init(actions), options);
        try
        {
            SetSignals(attributes, options);
            AddDescriptors(actions, options, strings, duplicates);
            if (options.WorkingDirectory is { } directory)
                Check(posix_spawn_file_actions_addchdir_np(actions, strings.Add(directory)), options);
            int pid;
            Check(
                posix_spawn(
                    &pid, strings.Add(options.Path), actions, attributes, strings.AddList([options.Path, .. options.Arguments]),
                    strings.AddList(EnvironmentOf(options))),
                options);
            return pid;
        }
        finally
        {
            foreach (var duplicate in duplicates)
                duplicate.Dispose();
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
        }
    }

    private static unsafe void SetSignals(void* attributes, ChildProcessOptions options)
    {
        var signals = stackalloc byte[SignalSetSize];
        _ = sigfillset(signals);
        Check(posix_spawnattr_setsigdefault(attributes, signals), options);
        _ = sigemptyset(signals);
        Check(posix_spawnattr_setsigmask(attributes, signals), options);
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (options.NewSession ? POSIX_SPAWN_SETSID : 0);
        Check(posix_spawnattr_setflags(attributes, (short)flags), options);
    }

    private static unsafe void AddDescriptors(
        void* actions, ChildProcessOptions options, NativeStrings strings, List<SafeFileHandle> duplicates)
    {
        for (var standard = 0; standard <= 2; standard++)
        {
            if (!options.Descriptors.ContainsKey(standard))
                Check(posix_spawn_file_actions_addopen(actions, standard, strings.Add("/dev/null"), (int)OpenFlags.ReadWrite, 0), options);
        }

        // Sources are moved above every target first: a dup2 in the child must not overwrite the source of a later one.
        var above = options.Descriptors.Count == 0 ? 3 : options.Descriptors.Keys.Max() + 1;
        foreach (var (target, source) in options.Descriptors)
        {
            var duplicate = FileDescriptors.Duplicate(source, Math.Max(above, 3));
            duplicates.Add(duplicate);
            Check(posix_spawn_file_actions_adddup2(actions, (int)duplicate.DangerousGetHandle(), target), options);
        }

        // Whoever started this process may have left it descriptors without close-on-exec.
        for (var gap = 3; gap < above; gap++)
        {
            if (!options.Descriptors.ContainsKey(gap))
                Check(posix_spawn_file_actions_addclose(actions, gap), options);
        }

        Check(posix_spawn_file_actions_addclosefrom_np(actions, Math.Max(above, 3)), options);
    }

    private static List<string> EnvironmentOf(ChildProcessOptions options)
    {
        var result = new List<string>();
        if (options.Environment is { } environment)
        {
            foreach (var (key, value) in environment)
                result.Add($"{key}={value}");
        }
        else
        {
            foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
                result.Add($"{entry.Key}={entry.Value}");
        }

        return result;
    }

    /// <summary>The posix_spawn family returns the error number.</summary>
    private static void Check(int errno, ChildProcessOptions options)
    {
        if (errno != 0)
            throw new LinuxException("posix_spawn", options.Path, (Errno)errno);
    }

    /// <summary>Zero-terminated UTF-8 strings and lists of them, alive until disposal.</summary>
    private sealed unsafe class NativeStrings : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* Add(string text)
        {
            if (text.Contains('\0'))
                throw new ArgumentException("Arguments, environment and paths of a process cannot contain NUL characters.");
            var length = Encoding.UTF8.GetByteCount(text);
            var block = (byte*)NativeMemory.Alloc((nuint)length + 1);
            _blocks.Add((nint)block);
            Encoding.UTF8.GetBytes(text, new Span<byte>(block, length));
            block[length] = 0;
            return block;
        }

        public byte** AddList(List<string> texts)
        {
            var list = (byte**)NativeMemory.Alloc((nuint)(texts.Count + 1) * (nuint)sizeof(byte*));
            _blocks.Add((nint)list);
            for (var i = 0; i < texts.Count; i++)
                list[i] = Add(texts[i]);
            list[texts.Count] = null;
            return list;
        }

        public void Dispose() => _blocks.ForEach(block => NativeMemory.Free((void*)block));
    }
}
