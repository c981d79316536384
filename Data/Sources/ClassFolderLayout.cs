namespace GpuCnn.Data;

/// <summary>The folders of a data set that hold class folders, or labeled images without class folders.</summary>
/// <param name="Train">Training images.</param>
/// <param name="Validation">Validation images.</param>
/// <param name="Test">Images for a final test; the validation images if there are no others.</param>
/// <param name="Ignored">Other folders next to them, which are not used.</param>
internal sealed record ClassFolderLayout(string? Train, string? Validation, string? Test, IReadOnlyList<string> Ignored)
{
    /// <summary>The folder's layout, or null if it has none.</summary>
    public static ClassFolderLayout? Of(string path)
    {
        IReadOnlyList<string> folders = DataFolder.Folders(path);
        (string Folder, SplitName? Name)[] named = [.. folders.Select(folder => (folder, SplitName.OfFolder(folder)))
            .Where(folder => folder.Item2 is not null)];
        // A folder "train" with images directly in it is a class of trains. Validation images without class folders may be labeled by a
        // file.
        (string Folder, SplitName? Name)[] parts = [.. named.Where(folder => HasClasses(folder.Folder, 2))];
        bool hasTraining = parts.Any(part => part.Name!.Value.IsTraining);
        if (hasTraining) parts = [.. parts.Concat(named.Where(folder => folder.Name is { IsTraining: false } && IsLabelled(folder.Folder)))
            .DistinctBy(part => part.Folder)];
        if (parts.Length == 0) return HasClasses(path, 1) ? new ClassFolderLayout(path, null, null, []) : null;
        // An extra folder level around images ("val/images") is not a class if a file labels the images.
        (string[] training, string[] validation, string[] tests, _) = SplitName.Divide(parts.Where(part => part.Name is { IsTraining: true }
            || !hasTraining
            || IsLabelled(part.Folder) || !IsFlat(part.Folder)));
        string? train = training.FirstOrDefault(), chosen = validation.FirstOrDefault(), test = tests.FirstOrDefault();
        return new ClassFolderLayout(train, chosen, test, [.. folders.Where(folder => folder != train && folder != chosen
            && folder != test)]);

        bool IsLabelled(string folder) => LabelFile.Find(folder, path) is not null;
    }

    /// <summary>Whether its images are directly in it, or in a single folder "images" in it, rather than in class folders.</summary>
    public static bool IsFlat(string path) => ImageFolder(path) is not null;

    /// <summary>The folder with the images if there are no class folders; null if there are.</summary>
    public static string? ImageFolder(string path) =>
        HasImages(path) ? path
        : DataFolder.Folders(path) is [var only] && Path.GetFileName(only).Equals("images", StringComparison.OrdinalIgnoreCase)
            && HasImages(only) ? only
        : null;

    /// <summary>
    /// Whether class folders lie near the top. Deeper images do not count, or the parent folder of a data set would be a data set too; they
    /// are found once the data set is known.
    /// </summary>
    private static bool HasClasses(string path, int levels) =>
        DataFolder.Folders(path).Any(folder => HasImages(folder) || (levels > 1 && HasClasses(folder, levels - 1)));

    private static bool HasImages(string folder) => DataFolder.Files(folder).Any(ImageFile.HasReadableExtension);
}
