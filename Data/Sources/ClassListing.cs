namespace GpuCnn.Data;

/// <summary>Lists the class folders of one folder, or its images with the labels that a file gives them.</summary>
internal sealed class ClassListing
{
    private readonly List<string> _files = [], _leftOut = [];
    private readonly List<int> _labels = [];

    private ClassListing(string path, IReadOnlyList<string> classes) => (Path, Classes) = (path, classes);

    public string Path { get; }

    /// <summary>Names in index order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Files that do not have an image's extension and are not known companions of images.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>One line per class folder without images.</summary>
    public List<string> Empty { get; } = [];

    /// <summary>Other errors, one line each.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Remarks that are not errors.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Lists class folders.</summary>
    public static ClassListing OfFolders(string path, FollowedLinks links)
    {
        IReadOnlyList<string> folders = DataFolder.Folders(path, links);
        ClassListing listing = new(path, [.. folders.Select(folder => System.IO.Path.GetFileName(folder)!)]);
        for (int label = 0; label < folders.Count; label++)
        {
            int before = listing._files.Count;
            foreach (string file in DataFolder.FilesBelow(folders[label], links)) listing.Take(file, label);
            if (listing._files.Count == before)
            {
                listing.Empty.Add($"Class folder {DataFile.Quote(folders[label])}: expected images ({ImageFile.ReadableFormats}), " +
                    "but got none; add some or remove the folder.");
            }
        }
        foreach (string file in DataFolder.Files(path))
            if (ImageFile.HasReadableExtension(file)) listing._leftOut.Add(file);
        return listing;
    }

    /// <summary>Lists images that a file labels.</summary>
    public static ClassListing OfLabels(string path, LabelFile labels, IReadOnlyList<string> classes)
    {
        ClassListing listing = new(path, classes);
        string[] images = [.. DataFolder.Files(ClassFolderLayout.ImageFolder(path)!).Where(ImageFile.HasReadableExtension)];
        int[] known = labels.Labels(images, classes);
        int unlabelled = 0;
        for (int i = 0; i < images.Length; i++)
        {
            if (known[i] >= 0) listing.Take(images[i], known[i]);
            else unlabelled++;
        }
        string name = System.IO.Path.GetFileName(path);
        listing.Notes.Add($"labels of {name}/ by {System.IO.Path.GetFileName(labels.Path)}");
        if (unlabelled > 0)
        {
            listing.Problems.Add($"Labels {DataFile.Quote(labels.Path)}: expected a class for each of the {images.Length:N0} images of " +
                $"{DataFile.Quote(path)}, but got none for {unlabelled:N0}; add them or remove the images.");
        }
        return listing;
    }

    public FileSplit ToSplit() => new($"class folders of {DataFile.Quote(Path)}", Classes, _labels, _files);

    private void Take(string file, int label)
    {
        if (ImageFile.HasReadableExtension(file))
        {
            _files.Add(file);
            _labels.Add(label);
        }
        else if (!LabelFile.IsAnnotation(file)) _leftOut.Add(file);
    }
}
