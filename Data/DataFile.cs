using System.Text;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Files as bytes, with every failure of the file system as a <see cref="GpuCnnException"/> of one line.</summary>
internal static class DataFile
{
    /// <summary>A file beyond this is not a single image or one part of a data set.</summary>
    private const long LargestFile = 2_000_000_000;

    public static byte[] ReadAllBytes(string path) => Guard(path, "read", () =>
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (stream.Length > LargestFile)
            throw new GpuCnnException(
                $"{Quote(path)} expects a file of at most {LargestFile:N0} bytes, but got {stream.Length:N0}; split it or leave it out.");
        byte[] content = new byte[stream.Length];
        int read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return read == content.Length ? content : content[..read];
    });

    /// <summary>Writes beside the destination and renames, so that a reader never sees half a file.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> content)
    {
        byte[] copy = content.ToArray();
        Guard(path, "write", () =>
        {
            string temporary = path + ".tmp-" + Environment.ProcessId;
            try
            {
                File.WriteAllBytes(temporary, copy);
                File.Move(temporary, path, overwrite: true);
            }
            finally
            {
                File.Delete(temporary);
            }
            return true;
        });
    }

    /// <summary>Runs <paramref name="action"/>, which reads, writes or lists <paramref name="path"/>.</summary>
    public static T Guard<T>(string path, string verb, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GpuCnnException(
                $"Cannot {verb} {Quote(path)}: expected it to exist, but there is no such file or folder; check the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            string got = Directory.Exists(path) && verb != "list" ? "it is a folder" : "access was denied";
            throw new GpuCnnException(
                $"Cannot {verb} {Quote(path)}: expected a path that may be {Participle(verb)}, but {got}; check its permissions.", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new GpuCnnException($"Cannot {verb} {Quote(path)}: {OneLine(e.Message).TrimEnd('.')}; check the path and the disk.", e);
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

    private static string OneLine(string text)
    {
        StringBuilder line = new(text.Length);
        foreach (char c in text) line.Append(char.IsControl(c) ? '?' : c);
        return line.ToString();
    }
}
