namespace GpuCnn.Data;

/// <summary>
/// Decides which symbolic links of a data set are followed, so that each picture counts once: not those to what is listed anyway, and of
/// several to the same place the first.
/// </summary>
internal sealed class FollowedLinks
{
    private const int MostLinksInARow = 40;

    private readonly List<string> _folders = [];
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);

    /// <param name="listed">Folders that are listed whole.</param>
    public FollowedLinks(params IEnumerable<string> listed) => _folders.AddRange(listed.Select(Resolve));

    /// <summary>Links that were not followed.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Whether to follow a link. A link to nowhere counts as a file: reading it will say so.</summary>
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

    /// <summary>The path without links in any of its parts; the path itself where they lead to each other.</summary>
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
