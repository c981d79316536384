using System.Text;
using GpuCnn.Engine;
using GpuCnn.Engine.Files;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Data;

/// <summary>Files as bytes, with every failure of the file system as a <see cref="GpuCnnException"/> of one line.</summary>
internal static class DataFile
{
    /// <summary>A file beyond this is not a single image or one part of a data set.</summary>
    private const long LargestFile = 2_000_000_000;

    /// <summary>A file beyond this is not an image.</summary>
    private const long LargestImage = 1 << 29;

    public static byte[] ReadAllBytes(string path) => Guard(path, "read", () =>
    {
        if (IsEmpty(path)) return [];
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (stream.Length > LargestFile)
            throw new GpuCnnException(
                $"{Quote(path)} expects a file of at most {LargestFile:N0} bytes, but got {stream.Length:N0}; split it or leave it out.");
        byte[] content = new byte[stream.Length];
        int read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return read == content.Length ? content : content[..read];
    });

    /// <summary>The text of a file; of an empty one, a pipe or a device none.</summary>
    public static string ReadAllText(string path) => Guard(path, "read", () => IsEmpty(path) ? "" : File.ReadAllText(path));

    /// <inheritdoc cref="RegularFile.IsEmpty"/>
    public static bool IsEmpty(string path) => RegularFile.IsEmpty(path);

    /// <inheritdoc cref="RegularFile.Facts"/>
    public static FileInfo Facts(string path) => RegularFile.Facts(path);

    /// <summary>
    /// Reads a file into memory that is used again; gives its length. Pipes, sockets and devices, whose reading might never end, are
    /// refused.
    /// </summary>
    public static unsafe int ReadInto(string path, ScratchBuffer buffer, out byte* content)
    {
        try
        {
            if (IsEmpty(path))
            {
                throw new GpuCnnException(
                    $"Image {Quote(path)}: expected a file with an image in it, but got an empty file, a pipe or a device; remove it.");
            }
            using SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            long length = RandomAccess.GetLength(handle);
            if (length > LargestImage)
                throw new GpuCnnException(
                    $"Image {Quote(path)}: expected a file of at most {LargestImage:N0} bytes, but got {length:N0}; " +
                    "scale it down or remove it.");
            content = buffer.Take(length);
            int read = 0;
            for (int more; read < length; read += more)
                if ((more = RandomAccess.Read(handle, new Span<byte>(content + read, (int)length - read), read)) == 0) break;
            return read;
        }
        catch (Exception e) when (Explain(e, path, "read") is { } known)
        {
            throw known;
        }
    }

    /// <summary>Runs <paramref name="action"/>, which reads, writes or lists <paramref name="path"/>.</summary>
    public static T Guard<T>(string path, string verb, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (Explain(e, path, verb) is { } known)
        {
            throw known;
        }
    }

    /// <summary>The message for a failure of the file system; null for any other.</summary>
    private static GpuCnnException? Explain(Exception e, string path, string verb)
    {
        switch (e)
        {
            // .NET reads a name of other bytes as one with replacement characters, under which there is nothing.
            case FileNotFoundException or DirectoryNotFoundException when path.Contains('\uFFFD'):
                return new GpuCnnException(
                    $"Cannot {verb} {Quote(path)}: expected a name in UTF-8, but its bytes are another encoding's; rename it.", e);
            case FileNotFoundException or DirectoryNotFoundException:
                return new GpuCnnException(
                    $"Cannot {verb} {Quote(path)}: expected it to exist, but there is no such file or folder; check the path.", e);
            case UnauthorizedAccessException:
                string got = Directory.Exists(path) && verb != "list" ? "it is a folder" : "access was denied";
                return new GpuCnnException(
                    $"Cannot {verb} {Quote(path)}: expected a path that may be {Participle(verb)}, but {got}; check its permissions.", e);
            case IOException or ArgumentException or NotSupportedException:
                return new GpuCnnException(
                    $"Cannot {verb} {Quote(path)}: {OneLine(e.Message).TrimEnd('.')}; check the path and the disk.", e);
            default:
                return null;
        }
    }

    /// <summary>A path or a user's value in quotes, on one line whatever it holds.</summary>
    public static string Quote(string text) => $"'{OneLine(text)}'";

    /// <summary>The error for content that does not follow its format.</summary>
    public static GpuCnnException Damaged(string format, string name, string expected, string got, Exception? inner = null)
    {
        string message = $"{format} {Quote(name)}: expected {expected}, but got {got}; " +
            "the file is damaged or cut short: copy it again or remove it.";
        return inner is null ? new GpuCnnException(message) : new GpuCnnException(message, inner);
    }

    private static string Participle(string verb) => verb switch { "read" => "read", "write" => "written", _ => verb + "ed" };

    /// <summary>A text without control characters.</summary>
    public static string OneLine(string text)
    {
        StringBuilder line = new(text.Length);
        foreach (char c in text) line.Append(char.IsControl(c) ? '?' : c);
        return line.ToString();
    }
}
