using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn;

/// <summary>Labelled images to train on and to validate on, with what it takes to open them again.</summary>
public sealed class ImageData
{
    /// <summary>Folder of the demo data set, where none is named.</summary>
    public const string DemoFolder = "demo-data";

    /// <summary>Seed of the demo data set's pictures.</summary>
    public const ulong DemoSeed = 1;

    /// <summary>Share of each class that <see cref="WithValidation"/> holds out.</summary>
    internal const double UsualShare = 0.1;

    /// <summary>Fewer images of a class than this are too few to hold some out.</summary>
    internal const int FewestToHoldOut = 10;

    private ImageData(LocatedDataset located) => Located = located;

    /// <summary>
    /// Opens a data set of any kind that an <see cref="IDatasetFormat"/> recognises: class folders, tar shards, Parquet, CSV, MNIST and
    /// CIFAR files.
    /// </summary>
    /// <param name="path">A folder or a file.</param>
    /// <param name="validation">A data set of the same classes to validate on, in place of its own validation images.</param>
    /// <exception cref="GpuCnnException">The path does not exist, is no data set, or is one that cannot be trained on.</exception>
    public static ImageData Open(string path, string? validation = null) =>
        new(DatasetLocator.Open(path, validation)) { Path = path, ValidationPath = validation };

    /// <summary>
    /// Opens the demo data set: 64x64 pictures of a bus, a car, a flower and a monument. Draws it first where it is missing.
    /// </summary>
    /// <exception cref="GpuCnnException">The folder holds something else, or cannot be written.</exception>
    public static ImageData Demo(string folder = DemoFolder, CancellationToken cancellation = default)
    {
        DemoDataset.Ensure(folder, DemoSeed, cancellation: cancellation);
        return Open(folder);
    }

    /// <summary>Takes splits of images, such as a <see cref="MemorySplit"/> of decoded ones.</summary>
    /// <param name="training">The images to train on.</param>
    /// <param name="validation">The images to validate on; null for none.</param>
    public static ImageData Of(ImageSplit training, ImageSplit? validation = null) =>
        new(new LocatedDataset(training.Description, training.Description, training, validation)
        {
            Size = NativeSize.Sample(training, out _),
        });

    /// <summary>Where it was opened; null where it was not.</summary>
    public string? Path { get; private init; }

    /// <summary>The other data set to validate on; null where there is none.</summary>
    public string? ValidationPath { get; private init; }

    /// <summary>Class names in index order.</summary>
    public IReadOnlyList<string> Classes => Located.Classes;

    /// <summary>For people, on one line: what was recognised, how many classes and images, what was left out.</summary>
    public string Description => Located.Description;

    /// <summary>The images to train on.</summary>
    /// <exception cref="GpuCnnException">There are validation images only.</exception>
    public ImageSplit Training => Located.Train;

    /// <summary>The images to validate on; null where there are none.</summary>
    public ImageSplit? Validation => Located.Validation;

    /// <summary>The images to judge a network by: those to validate on, or all where there are none.</summary>
    public ImageSplit Evaluation => Located.Evaluation;

    internal LocatedDataset Located { get; }

    /// <summary>Share of each class that was held out; null where <see cref="WithValidation"/> decided.</summary>
    internal double? HeldOut { get; private init; } = 0;

    /// <summary>Decided which images are held out.</summary>
    internal ulong HoldOutSeed { get; private init; }

    internal bool ExcludesDuplicates { get; private init; }

    /// <summary>Holds a share of each class out to validate on. A data set with validation images keeps its own.</summary>
    /// <param name="validation">Above 0 and below 1; at least one image of a class and not all of them.</param>
    /// <param name="seed">Decides which images.</param>
    /// <exception cref="GpuCnnException">The share is out of range, or no class has two images.</exception>
    public ImageData Split(double validation, ulong seed = 1)
    {
        if (validation is not (> 0 and < 1))
            throw new GpuCnnException(FormattableString.Invariant(
                $"Splitting {Located.Path} expects a share above 0 and below 1 to validate on, but got {validation}."));
        return Validation is not null ? this : With(Located.WithHoldOut(validation, seed), validation, seed);
    }

    /// <summary>
    /// Holds 10 % of each class out to validate on, unless the data set has validation images or a class has fewer than ten images.
    /// </summary>
    /// <param name="seed">Decides which images.</param>
    public ImageData WithValidation(ulong seed = 1) =>
        Validation is null && Training.CountPerClass().Min() >= FewestToHoldOut
            ? With(Located.WithHoldOut(UsualShare, seed), null, seed) : With(Located, null, seed);

    /// <summary>
    /// Leaves out pictures that are there more than once, by their pixels: copies of validation images among the training images, further
    /// copies, and those of several classes.
    /// </summary>
    /// <param name="progress">Gets the images looked at and all of them; from several threads.</param>
    /// <exception cref="GpuCnnException">An image cannot be read, or none is left.</exception>
    public ImageData WithoutDuplicates(Action<int, int>? progress = null)
    {
        if (HeldOut != 0) throw new InvalidOperationException("Duplicates are removed before images are held out.");
        return new(DuplicateRemoval.Apply(Located, progress))
        {
            Path = Path,
            ValidationPath = ValidationPath,
            ExcludesDuplicates = true,
        };
    }

    public override string ToString() => $"{Located.Path}: {Description}";

    private ImageData With(LocatedDataset located, double? heldOut, ulong seed) => new(located)
    {
        Path = Path,
        ValidationPath = ValidationPath,
        ExcludesDuplicates = ExcludesDuplicates,
        HeldOut = heldOut,
        HoldOutSeed = seed,
    };
}
