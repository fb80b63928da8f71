namespace Kata.Virtio.Queues;

internal enum PopResult
{
    /// <summary>The driver has made nothing available.</summary>
    Empty,

    /// <summary>A chain was taken.</summary>
    Chain,

    /// <summary>The driver broke the rules: see <see cref="SplitQueue.Error"/>.</summary>
    Broken,
}
