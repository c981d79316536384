using System.IO.Enumeration;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Lists folders in ordinal order on every system, without hidden entries.</summary>
internal static class DataFolder
{
    /// <summary>Deeper folders are a mistake, or a loop that no link reveals.</summary>
    private const int DeepestFolder = 64;

    /// <param name="path">The folder.</param>
    /// <param name="links">Decides which links are followed; null follows all.</param>
    public static IReadOnlyList<string> Folders(string path, FollowedLinks? links = null) =>
    [
        .. List(path).Where(entry => entry.IsFolder && (!entry.IsLink || links is null || links.Follow(entry.Path, true)))
            .Select(entry => entry.Path),
    ];

    public static IReadOnlyList<string> Files(string path) => [.. List(path).Where(entry => !entry.IsFolder).Select(entry => entry.Path)];

    /// <summary>Files of the folder and of the folders below it, in ordinal order of their paths.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="links">Decides which links are followed; null follows none.</param>
    public static IReadOnlyList<string> FilesBelow(string path, FollowedLinks? links = null)
    {
        List<string> files = [];
        Walk(path, 0);
        files.Sort(StringComparer.Ordinal);
        return files;

        void Walk(string folder, int depth)
        {
            if (depth > DeepestFolder)
                throw new GpuCnnException($"Cannot list {DataFile.Quote(path)}: expected at most {DeepestFolder} levels of folders, " +
                    $"but got more; flatten it.");
            foreach (Entry entry in List(folder))
            {
                if (entry.IsLink && (links is null || !links.Follow(entry.Path, entry.IsFolder))) continue;
                if (entry.IsFolder) Walk(entry.Path, depth + 1);
                else files.Add(entry.Path);
            }
        }
    }

    /// <summary>Folders at and below <paramref name="path"/>, the nearest first, limited in levels and number.</summary>
    public static IEnumerable<string> Nearest(string path, int levels, int most)
    {
        Queue<(string Path, int Level)> next = new([(path, 0)]);
        for (int count = 0; count < most && next.TryDequeue(out (string Path, int Level) folder); count++)
        {
            yield return folder.Path;
            if (folder.Level == levels) continue;
            foreach (Entry entry in List(folder.Path))
                if (entry is { IsFolder: true, IsLink: false }) next.Enqueue((entry.Path, folder.Level + 1));
        }
    }

    private static IReadOnlyList<Entry> List(string path) => DataFile.Guard<IReadOnlyList<Entry>>(path, "list", () =>
    {
        EnumerationOptions options = new() { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
        FileSystemEnumerable<Entry> entries = new(
            path, (ref FileSystemEntry entry) => new Entry(
                Path.Join(path, entry.FileName), entry.IsDirectory, entry.Attributes.HasFlag(FileAttributes.ReparsePoint)), options)
        {
            // A leading dot hides an entry on every system, but sets no hidden attribute on Windows.
            ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.FileName[0] != '.',
        };
        return [.. entries.OrderBy(entry => entry.Path, StringComparer.Ordinal)];
    });

    private readonly record struct Entry(string Path, bool IsFolder, bool IsLink);
}
