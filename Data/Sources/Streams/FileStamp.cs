using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>What a file was like when it was looked at first: its length and time of change.</summary>
internal readonly record struct FileStamp(long Length, DateTime Changed)
{
    public static FileStamp Of(string path) => DataFile.Guard(path, "read", () =>
    {
        FileInfo file = DataFile.Facts(path);
        return new FileStamp(file.Length, file.LastWriteTimeUtc);
    });

    /// <summary>What tells that an image of the file is as it was.</summary>
    /// <param name="place">Of the image in the file.</param>
    public ImageStamp ForImage(long place) => new(Length, Changed.Ticks ^ place << 16);

    /// <exception cref="GpuCnnException">The file has changed since, or vanished.</exception>
    public void Check(string path)
    {
        if (Of(path) != this)
            throw new GpuCnnException($"File {DataFile.Quote(path)}: expected it to stay as it was when it was first read, but it has " +
                $"changed since; restore it, or start again.");
    }
}
