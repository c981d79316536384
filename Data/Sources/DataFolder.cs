namespace GpuCnn.Data;

/// <summary>Listings of folders in ordinal order, hidden entries left out, whatever the system's own order is.</summary>
internal static class DataFolder
{
    public static IReadOnlyList<string> Folders(string path) => List(path, Directory.EnumerateDirectories);

    public static IReadOnlyList<string> Files(string path) => List(path, Directory.EnumerateFiles);

    /// <summary>Files of the folder and of folders in it.</summary>
    public static IReadOnlyList<string> FilesBelow(string path) => List(path, (folder, pattern, options) =>
    {
        options.RecurseSubdirectories = true;
        options.MaxRecursionDepth = 8;
        return Directory.EnumerateFiles(folder, pattern, options);
    });

    private static IReadOnlyList<string> List(string path, Func<string, string, EnumerationOptions, IEnumerable<string>> enumerate) =>
        DataFile.Guard<IReadOnlyList<string>>(path, "list", () =>
        {
            EnumerationOptions options =
                new() { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
            return
            [
                .. enumerate(path, "*", options)
                    // A leading dot hides an entry on every system; Windows does not set the attribute for it.
                    .Where(entry => !Path.GetRelativePath(path, entry).Split(Path.DirectorySeparatorChar).Any(part => part.StartsWith('.')))
                    .Order(StringComparer.Ordinal),
            ];
        });
}
