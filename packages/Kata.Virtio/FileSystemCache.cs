namespace Kata.Virtio;

/// <summary>How long a guest may keep what it has learned of a shared directory.</summary>
public enum FileSystemCache
{
    /// <summary>Not at all: every access asks the host, and files are read and written past the guest's page cache.</summary>
    Never,

    /// <summary>Names and attributes for a second; content until the file is seen to have changed, as opening it always checks.</summary>
    Auto,

    /// <summary>For a day: only when nobody else changes the directory.</summary>
    Always,
}
