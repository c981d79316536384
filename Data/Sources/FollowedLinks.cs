namespace GpuCnn.Data;

/// <summary>
/// Decides which symbolic links of a data set to follow, so that each picture counts once: skips links to what is listed already, and
/// follows only the first of several links to the same place.
/// </summary>
internal sealed class FollowedLinks
{
    private const int MostLinksInARow = 40;

    private readonly List<string> _folders = [];
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);

    /// <param name="listed">Folders whose whole content is listed.</param>
    public FollowedLinks(params IEnumerable<string> listed) => _folders.AddRange(listed.Select(Resolve));

    /// <summary>Number of links that were not followed.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Whether to follow a link. A dangling link counts as a file: reading it reports the error.</summary>
    public bool Follow(string path, bool isFolder)
    {
        string target = Resolve(path);
        if (!isFolder && (!File.Exists(target) || new FileInfo(target).LinkTarget is not null)) return true;
        bool isNew = !_folders.Exists(folder => IsWithin(target, folder) || (isFolder && IsWithin(folder, target)))
            && (isFolder || _files.Add(target));
        if (!isNew) LeftOut++;
        else if (isFolder) _folders.Add(target);
        return isNew;
    }

    /// <summary>Resolves links in all parts of the path; returns the path itself if they form a loop.</summary>
    internal static string Resolve(string path)
    {
        string full = Path.GetFullPath(path), root = Path.GetPathRoot(full)!, resolved = root;
        Stack<string> parts = new(Parts(full[root.Length..]).Reverse());
        for (int links = 0; parts.TryPop(out string? part);)
        {
            string next = Path.Join(resolved, part);
            string? target = DataFile.Guard(path, "list", () => new FileInfo(next).LinkTarget);
            if (target is null)
            {
                resolved = next;
                continue;
            }
            if (++links > MostLinksInARow) return full;
            string absolute = Path.GetFullPath(target, resolved);
            resolved = Path.GetPathRoot(absolute)!;
            foreach (string above in Parts(absolute[resolved.Length..]).Reverse()) parts.Push(above);
        }
        return resolved;

        static IEnumerable<string> Parts(string text) =>
            text.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
    }

    private static bool IsWithin(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal)
        && (path.Length == folder.Length || folder.EndsWith(Path.DirectorySeparatorChar)
            || path[folder.Length] == Path.DirectorySeparatorChar);
}
