namespace GpuCnn.Engine.Files;

/// <summary>
/// Tells regular files from pipes, sockets and devices. Opening a pipe waits for its other end, and a device may have no end; so it is
/// asked before a file is opened.
/// </summary>
public static class RegularFile
{
    /// <summary>
    /// Whether there is a file without length, and not a folder: whatever is no regular file has none. So have empty files, and those of
    /// <c>/proc</c>.
    /// </summary>
    public static bool IsEmpty(string path)
    {
        if (path.Length == 0) return false;
        FileInfo facts = Facts(path);
        if (!facts.Exists) return File.Exists(path);
        return facts is { Length: 0, Attributes: var attributes } && !attributes.HasFlag(FileAttributes.Directory);
    }

    /// <summary>Length and times of a file; of what it leads to, where it is a link.</summary>
    public static FileInfo Facts(string path)
    {
        FileInfo file = new(path);
        if (!file.Exists || !file.Attributes.HasFlag(FileAttributes.ReparsePoint)) return file;
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        }
        // Links that lead to each other, or into what may not be read. Opening the file will say so.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return file;
        }
    }

    /// <summary>Why a path that was not found may still be listed, for messages; null for no special reason.</summary>
    public static string? WhyMissing(string path) =>
        // .NET reads a name of other bytes as one with replacement characters, under which there is nothing.
        path.Contains('\uFFFD') ? "its name is in another encoding than UTF-8; rename it" : null;
}
