namespace GpuCnn.Data;

/// <summary>What <see cref="DatasetCheck"/> found.</summary>
/// <param name="Description">What was recognised, on one line.</param>
/// <param name="Classes">Class names in index order.</param>
/// <param name="Splits">"train" and "validation", those that there are.</param>
public sealed record DatasetReport(string Description, IReadOnlyList<string> Classes, IReadOnlyList<SplitReport> Splits)
{
    /// <summary>Fewer training images of a class than this are few.</summary>
    public const int FewImages = 10;

    /// <summary>Every image that cannot be read, in the order of the files.</summary>
    public required IReadOnlyList<UnreadableImage> Unreadable { get; init; }

    /// <summary>Pictures whose pixels are the same, by groups.</summary>
    public required IReadOnlyList<PictureGroup> Duplicates { get; init; }

    /// <summary>Pictures that look alike and are not the same, by groups; see <see cref="PerceptualHash"/>.</summary>
    public required IReadOnlyList<PictureGroup> LookAlikes { get; init; }

    /// <summary>Files among the images that are not used.</summary>
    public required IReadOnlyList<LeftOutFile> LeftOut { get; init; }

    /// <summary>What else makes the data set unfit for training, such as empty class folders; each on one line.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Classes whose names differ in nothing but case, spaces and the like, by groups.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> NearNames { get; init; }

    /// <summary>Flaws of files that spoil nothing, in the order of the files.</summary>
    public required IReadOnlyList<UnreadableImage> Flaws { get; init; }

    /// <summary>Whether training can use all of it. Duplicates flatter the validation accuracy, but stop nothing.</summary>
    public bool IsUsable => Unreadable.Count == 0 && Problems.Count == 0 && LeftOut.Count == 0;

    /// <summary>Classes without a training image (validation image, where there is nothing to train on).</summary>
    public IReadOnlyList<string> EmptyClasses => [.. Classes.Where((_, label) => Splits[0].ImagesPerClass[label] == 0)];

    /// <summary>Classes with some training images, but fewer than <see cref="FewImages"/>.</summary>
    public IReadOnlyList<string> NearEmptyClasses =>
        [.. Classes.Where((_, label) => Splits[0].ImagesPerClass[label] is > 0 and < FewImages)];
}

/// <summary>What a split holds.</summary>
/// <param name="Name">"train" or "validation".</param>
/// <param name="Images">All, readable or not.</param>
/// <param name="ImagesPerClass">By class index.</param>
/// <param name="Width">Of the readable images, in pixels.</param>
/// <param name="Height">Of the readable images, in pixels.</param>
/// <param name="Formats">Readable images of each file format, the most frequent first.</param>
/// <param name="Modes">Readable images of each kind of pixels: "RGB", "gray", "palette" and so on.</param>
/// <param name="Turned">Readable images that EXIF turns upright.</param>
public sealed record SplitReport(
    string Name, int Images, IReadOnlyList<int> ImagesPerClass, Extent Width, Extent Height,
    IReadOnlyList<KeyValuePair<string, int>> Formats, IReadOnlyList<KeyValuePair<string, int>> Modes, int Turned);

/// <summary>Smallest, median and largest of some sizes; all 0 where there are none.</summary>
public readonly record struct Extent(int Minimum, int Median, int Maximum)
{
    internal static Extent Of(IEnumerable<int> sizes)
    {
        int[] sorted = [.. sizes.Order()];
        return sorted.Length == 0 ? default : new Extent(sorted[0], sorted[sorted.Length / 2], sorted[^1]);
    }
}

/// <summary>An image with something wrong with it.</summary>
/// <param name="File">Its path, or its place within a file.</param>
/// <param name="Reason">The whole message.</param>
public sealed record UnreadableImage(string File, string Reason);

/// <summary>A file that is not used.</summary>
/// <param name="File">Its path, or its place within a file.</param>
/// <param name="Content">What it is: "PNG", where it is an image under another extension; else null.</param>
public sealed record LeftOutFile(string File, string? Content);

/// <summary>An image of a group.</summary>
/// <param name="Part">"train" or "validation".</param>
/// <param name="Class">Its class.</param>
/// <param name="File">Its path, or its place within a file.</param>
public sealed record PictureReference(string Part, string Class, string File);

/// <summary>Pictures that are the same, or look alike.</summary>
/// <param name="Pictures">In the order of the files.</param>
public sealed record PictureGroup(IReadOnlyList<PictureReference> Pictures)
{
    /// <summary>Whether some are for training and some for validation.</summary>
    public bool CrossesSplits => Pictures.Any(picture => picture.Part != Pictures[0].Part);

    /// <summary>Whether they are of several classes.</summary>
    public bool CrossesClasses => Pictures.Any(picture => picture.Class != Pictures[0].Class);
}
