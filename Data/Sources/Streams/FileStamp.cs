using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>The state of a file when it was first read: its length and modification time.</summary>
internal readonly record struct FileStamp(long Length, DateTime Changed)
{
    public static FileStamp Of(string path) => DataFile.Guard(path, "read", () =>
    {
        FileInfo file = DataFile.Facts(path);
        return new FileStamp(file.Length, file.LastWriteTimeUtc);
    });

    /// <summary>Identifies the state of an image in the file.</summary>
    /// <param name="place">Place of the image in the file.</param>
    public ImageStamp ForImage(long place) => new(Length, Changed.Ticks ^ place << 16);

    /// <exception cref="GpuCnnException">The file has changed since, or vanished.</exception>
    public void Check(string path)
    {
        if (Of(path) != this)
            throw new GpuCnnException($"File {DataFile.Quote(path)}: expected it as it was when it was first read, but it has " +
                $"changed since; restore it, or start again.");
    }
}
