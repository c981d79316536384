using System.IO.Enumeration;

namespace GpuCnn.Data;

/// <summary>
/// Patterns of file names, for where no shell resolves them: * stands for any letters, ? for one, and a ** between separators for any
/// number of folders. Hidden entries match no pattern.
/// </summary>
internal static class FilePattern
{
    private const string AnyFolders = "**";

    /// <summary>Whether a path is a pattern, and not the name of something that exists.</summary>
    public static bool Is(string path) => IsPart(path) && !Path.Exists(path);

    /// <summary>Returns the files and folders that match, in ordinal order.</summary>
    /// <exception cref="Engine.GpuCnnException">A folder cannot be listed.</exception>
    public static IReadOnlyList<string> Find(string pattern)
    {
        string root = Path.GetPathRoot(pattern) ?? "";
        string[] parts = pattern[root.Length..].Split(
            [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        return [.. Match(root, parts).Distinct().Order(StringComparer.Ordinal)];
    }

    private static bool IsPart(string text) => text.AsSpan().ContainsAny('*', '?');

    private static IEnumerable<string> Match(string folder, string[] parts)
    {
        if (parts is not [var part, .. var rest]) return [folder];
        if (!IsPart(part))
        {
            string path = Path.Join(folder, part);
            return rest.Length == 0 ? Path.Exists(path) ? [path] : [] : Match(path, rest);
        }
        string listed = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(listed)) return [];
        bool ignoreCase = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS();
        string[] folders = [.. DataFolder.Folders(listed).Select(Named)];
        if (part == AnyFolders)
        {
            // Links could lead back up. At the end, it is all files at any depth.
            IEnumerable<string> below = folders.Where(inner => new DirectoryInfo(inner).LinkTarget is null)
                .SelectMany(inner => Match(inner, parts));
            return rest.Length > 0 ? [.. Match(folder, rest), .. below] : [.. DataFolder.Files(listed).Select(Named), .. below];
        }
        IEnumerable<string> matching = folders.Where(Matches);
        return rest.Length > 0 ? matching.SelectMany(inner => Match(inner, rest))
            : [.. matching, .. DataFolder.Files(listed).Select(Named).Where(Matches)];

        string Named(string entry) => Path.Join(folder, Path.GetFileName(entry));

        bool Matches(string entry) => FileSystemName.MatchesSimpleExpression(part, Path.GetFileName(entry), ignoreCase);
    }
}
