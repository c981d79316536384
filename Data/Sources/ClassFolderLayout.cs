namespace GpuCnn.Data;

/// <summary>Which folders of a data set hold the class folders, or the labelled images without any.</summary>
/// <param name="Train">Images to train on.</param>
/// <param name="Validation">Images to validate on.</param>
/// <param name="Ignored">Folders beside them that are of no use here.</param>
internal sealed record ClassFolderLayout(string? Train, string? Validation, IReadOnlyList<string> Ignored)
{
    /// <summary>The folder's layout, or null where it has none.</summary>
    public static ClassFolderLayout? Of(string path)
    {
        IReadOnlyList<string> folders = DataFolder.Folders(path);
        (string Folder, SplitName? Name)[] named = [.. folders.Select(folder => (folder, SplitName.OfFolder(folder)))
            .Where(folder => folder.Item2 is not null)];
        // A folder "train" with images directly in it is a class of trains; but images without class folders may be labelled by a file.
        (string Folder, SplitName? Name)[] parts = [.. named.Where(folder => HasClasses(folder.Folder, 2))];
        bool hasTraining = parts.Any(part => part.Name!.Value.IsTraining);
        if (hasTraining) parts = [.. parts.Concat(named.Where(folder => folder.Name is { IsTraining: false } && IsLabelled(folder.Folder)))
            .DistinctBy(part => part.Folder)];
        if (parts.Length == 0) return HasClasses(path, 1) ? new ClassFolderLayout(path, null, []) : null;
        // A folder of images in one folder more ("val/images") is no class where the images are labelled by a file.
        (string[] training, string[] validation, string[] others) = SplitName.Divide(parts.Where(part => part.Name is { IsTraining: true }
            || !hasTraining
            || IsLabelled(part.Folder) || !IsFlat(part.Folder)));
        string? train = training.FirstOrDefault(), chosen = validation.FirstOrDefault();
        return new ClassFolderLayout(train, chosen, [.. folders.Where(folder => folder != train && folder != chosen)]);

        bool IsLabelled(string folder) => LabelFile.Find(folder, path) is not null;
    }

    /// <summary>Whether its images lie in it, or in a folder "images" in it, and not in class folders.</summary>
    public static bool IsFlat(string path) => ImageFolder(path) is not null;

    /// <summary>The folder with the images of a folder without class folders, or null where it has class folders.</summary>
    public static string? ImageFolder(string path) =>
        HasImages(path) ? path
        : DataFolder.Folders(path) is [var only] && Path.GetFileName(only).Equals("images", StringComparison.OrdinalIgnoreCase)
            && HasImages(only) ? only
        : null;

    /// <summary>
    /// Only images near the top count, or the folder above a data set would be one too. Others are found once it is known.
    /// </summary>
    private static bool HasClasses(string path, int levels) =>
        DataFolder.Folders(path).Any(folder => HasImages(folder) || (levels > 1 && HasClasses(folder, levels - 1)));

    private static bool HasImages(string folder) => DataFolder.Files(folder).Any(ImageFile.HasReadableExtension);
}
