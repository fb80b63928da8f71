using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Client;

/// <summary>
/// A call from the client's view: its place in the connection, its deadline and cancellation, its status.
/// The protocol has no cancellation, so giving up means forgetting the stream id; the server learns nothing.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The timer ends with the call.")]
internal abstract class ClientCall(ClientConnection connection, string name)
{
    private Timer? _deadline;
    private CancellationTokenRegistration _cancellation;
    private int _isCompleted;

    /// <summary>The stream id; set when the request is sent.</summary>
    public uint Id { get; set; }

    /// <summary><c>/service/method</c>.</summary>
    public string Name { get; } = name;

    public Status Status
    {
        get => IsCompleted ? field : throw new InvalidOperationException("The call has not finished yet.");
        private set;
    }

    public Metadata Trailers
    {
        get => IsCompleted ? field ?? [] : throw new InvalidOperationException("The call has not finished yet.");
        private set;
    }

    protected ClientConnection Connection { get; } = connection;

    protected bool IsCompleted => Volatile.Read(ref _isCompleted) == 2;

    /// <summary>Handles the response frame, which ends the call; returns foreign code to run.</summary>
    public abstract IThreadPoolWorkItem? OnResponse(ReadOnlyMemory<byte> data);

    /// <summary>Handles a data frame; returns foreign code to run.</summary>
    public abstract IThreadPoolWorkItem? OnData(FrameFlags flags, ReadOnlyMemory<byte> data);

    /// <summary>Ends the call with an error, unless it has ended already; returns foreign code to run.</summary>
    public abstract IThreadPoolWorkItem? Fail(Status status, Metadata? trailers = null);

    /// <summary>As <see cref="Fail"/>, from outside of a poller thread: the foreign code runs on the thread pool.</summary>
    public void FailFromOutside(Status status)
    {
        if (Fail(status) is { } work)
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
    }

    /// <summary>Enforces the deadline and cancellation of <paramref name="options"/> from now on.</summary>
    public void Watch(in CallOptions options, TimeSpan timeout)
    {
        if (IsCompleted)
            return;
        if (options.CancellationToken.CanBeCanceled)
        {
            _cancellation = options.CancellationToken.UnsafeRegister(
                static state => ((ClientCall)state!).FailFromOutside(new Status(StatusCode.Cancelled, "Call canceled by the client.")), this);
        }

        if (timeout != Timeout.InfiniteTimeSpan)
        {
            _deadline = new Timer(
                static state => ((ClientCall)state!).FailFromOutside(DeadlineExceeded), this, timeout, Timeout.InfiniteTimeSpan);
        }

        // It may have ended in between, without seeing these.
        if (IsCompleted)
            Unwatch();
    }

    public static Status DeadlineExceeded => new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    /// <summary>The first caller ends the call and gets true.</summary>
    protected bool TryComplete(Status status, Metadata? trailers)
    {
        if (Interlocked.CompareExchange(ref _isCompleted, 1, 0) != 0)
            return false;
        Status = status;
        Trailers = trailers!;
        Volatile.Write(ref _isCompleted, 2);
        Connection.Forget(this);
        Unwatch();
        return true;
    }

    private void Unwatch()
    {
        _deadline?.Dispose();
        _cancellation.Unregister();
    }
}
