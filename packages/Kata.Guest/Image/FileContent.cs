namespace Kata.Guest.Image;

/// <summary>Reads the files that go into an image, with errors for the person who named them.</summary>
internal static class FileContent
{
    public static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GuestImageException($"Cannot read {path}: {error.Message}", error);
        }
    }
}
