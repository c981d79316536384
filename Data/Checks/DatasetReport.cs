namespace GpuCnn.Data;

/// <summary>What <see cref="DatasetCheck"/> found.</summary>
/// <param name="Description">The recognized data set, on one line.</param>
/// <param name="Classes">Class names in index order.</param>
/// <param name="Splits">"train" and "validation", as far as they exist.</param>
public sealed record DatasetReport(string Description, IReadOnlyList<string> Classes, IReadOnlyList<SplitReport> Splits)
{
    /// <summary>A class with fewer training images than this is nearly empty.</summary>
    public const int FewImages = 10;

    /// <summary>Every image that cannot be read, in the order of the files.</summary>
    public required IReadOnlyList<UnreadableImage> Unreadable { get; init; }

    /// <summary>Groups of pictures with equal pixels.</summary>
    public required IReadOnlyList<PictureGroup> Duplicates { get; init; }

    /// <summary>Groups of pictures that look alike but are not equal; see <see cref="PerceptualHash"/>.</summary>
    public required IReadOnlyList<PictureGroup> LookAlikes { get; init; }

    /// <summary>Files among the images that are not used.</summary>
    public required IReadOnlyList<LeftOutFile> LeftOut { get; init; }

    /// <summary>Other errors that make the data set unfit for training, such as empty class folders, one line each.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Groups of classes whose names differ only in case, spaces and the like.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> NearNames { get; init; }

    /// <summary>Harmless flaws of files, in the order of the files.</summary>
    public required IReadOnlyList<UnreadableImage> Flaws { get; init; }

    /// <summary>Whether training can use all of it. Duplicates inflate the validation accuracy, but do not prevent training.</summary>
    public bool IsUsable => Unreadable.Count == 0 && Problems.Count == 0 && LeftOut.Count == 0;

    /// <summary>Classes without a training image (without a validation image if there is nothing to train on).</summary>
    public IReadOnlyList<string> EmptyClasses => [.. Classes.Where((_, label) => Splits[0].ImagesPerClass[label] == 0)];

    /// <summary>Classes with some training images, but fewer than <see cref="FewImages"/>.</summary>
    public IReadOnlyList<string> NearEmptyClasses =>
        [.. Classes.Where((_, label) => Splits[0].ImagesPerClass[label] is > 0 and < FewImages)];
}

/// <summary>The content of a split.</summary>
/// <param name="Name">"train" or "validation".</param>
/// <param name="Images">Number of images, readable or not.</param>
/// <param name="ImagesPerClass">Indexed by class.</param>
/// <param name="Width">Widths of the readable images, in pixels.</param>
/// <param name="Height">Heights of the readable images, in pixels.</param>
/// <param name="Formats">Number of readable images per file format, the most frequent first.</param>
/// <param name="Modes">Number of readable images per kind of pixels: "RGB", "gray", "palette" and so on.</param>
/// <param name="Turned">Number of readable images that EXIF turns upright.</param>
public sealed record SplitReport(
    string Name, int Images, IReadOnlyList<int> ImagesPerClass, Extent Width, Extent Height,
    IReadOnlyList<KeyValuePair<string, int>> Formats, IReadOnlyList<KeyValuePair<string, int>> Modes, int Turned);

/// <summary>Smallest, median and largest of some sizes; all 0 if there are none.</summary>
public readonly record struct Extent(int Minimum, int Median, int Maximum)
{
    internal static Extent Of(IEnumerable<int> sizes)
    {
        int[] sorted = [.. sizes.Order()];
        return sorted.Length == 0 ? default : new Extent(sorted[0], sorted[sorted.Length / 2], sorted[^1]);
    }
}

/// <summary>An image with an error or a flaw.</summary>
/// <param name="File">Its path, or its place within a file.</param>
/// <param name="Reason">The whole message.</param>
public sealed record UnreadableImage(string File, string Reason);

/// <summary>A file that is not used.</summary>
/// <param name="File">Its path, or its place within a file.</param>
/// <param name="Content">"PNG" for an image under another extension; otherwise null.</param>
public sealed record LeftOutFile(string File, string? Content);

/// <summary>An image of a group.</summary>
/// <param name="Part">"train" or "validation".</param>
/// <param name="Class">Its class.</param>
/// <param name="File">Its path, or its place within a file.</param>
public sealed record PictureReference(string Part, string Class, string File);

/// <summary>Pictures that are equal, or look alike.</summary>
/// <param name="Pictures">In the order of the files.</param>
public sealed record PictureGroup(IReadOnlyList<PictureReference> Pictures)
{
    /// <summary>Whether some are for training and some for validation.</summary>
    public bool CrossesSplits => Pictures.Any(picture => picture.Part != Pictures[0].Part);

    /// <summary>Whether they belong to several classes.</summary>
    public bool CrossesClasses => Pictures.Any(picture => picture.Class != Pictures[0].Class);
}
