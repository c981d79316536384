using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>A recognized data set: its classes, its images by purpose, and remarks.</summary>
public sealed class LocatedDataset
{
    private readonly ImageSplit? _train;

    /// <param name="path">See <see cref="Path"/>.</param>
    /// <param name="kind">See <see cref="Kind"/>.</param>
    /// <param name="train">The images to train on; null where there are only validation images.</param>
    /// <param name="validation">The images to validate on; null where none are kept apart.</param>
    public LocatedDataset(string path, string kind, ImageSplit? train, ImageSplit? validation)
    {
        if (train is null && validation is null) throw new ArgumentException("Expected training or validation images.", nameof(train));
        Path = path;
        Kind = kind;
        _train = train;
        Validation = validation;
    }

    /// <summary>The path that the user named.</summary>
    public string Path { get; }

    /// <summary>The kind that was recognized: "MNIST IDX files (gzip)".</summary>
    public string Kind { get; }

    /// <summary>Description for users, on one line: the kind, how many classes and images, what was left out.</summary>
    public string Description
    {
        get
        {
            string counts = _train is null ? $"{Validation!.Count:N0} validation images"
                : Validation is null ? $"{_train.Count:N0} images"
                : $"{_train.Count:N0} training and {Validation.Count:N0} validation images";
            string notes = string.Concat(Notes.Select(note => "; " + note));
            return $"{Kind}: {counts} of {Size} in {Classes.Count} {(Classes.Count == 1 ? "class" : "classes")}{notes}";
        }
    }

    /// <summary>Class names in index order.</summary>
    public IReadOnlyList<string> Classes => (_train ?? Validation!).Classes;

    public bool HasTraining => _train is not null;

    /// <summary>The images to train on.</summary>
    /// <exception cref="GpuCnnException">There are only validation images; see <see cref="HasTraining"/>.</exception>
    public ImageSplit Train => _train ?? throw new GpuCnnException(
        $"Data set {DataFile.Quote(Path)}: expected images to train on, but got validation images only; " +
        "put the training images next to them.");

    /// <summary>The images to validate on, or null if the data set has none; see <see cref="WithHoldOut"/>.</summary>
    public ImageSplit? Validation { get; }

    /// <summary>The images to evaluate a network on: the validation images, or all if there are none.</summary>
    public ImageSplit Evaluation => Validation ?? Train;

    /// <summary>Whether it has images for a final test, such as a folder <c>test/</c>.</summary>
    public bool HasTest => TestSource is not null;

    /// <summary>The images for a final test; those to validate on if there are no others.</summary>
    /// <exception cref="GpuCnnException">There are none, or they have other classes; see <see cref="HasTest"/>.</exception>
    public ImageSplit Test => TestSource?.Invoke() ?? throw new GpuCnnException(
        $"Data set {DataFile.Quote(Path)}: expected test images, such as a folder test/ next to train/, but got " +
        $"{(_train is null ? "validation" : Validation is null ? "training" : "training and validation")} images only; add them.");

    /// <summary>Opens the images for a final test, which training does not look at; null if there are none.</summary>
    internal Func<ImageSplit>? TestSource { get; init; }

    /// <summary><see cref="Evaluation"/> with the class indices of a trained network, matched by name.</summary>
    /// <param name="classes">The network's, in index order.</param>
    /// <exception cref="GpuCnnException">The data set has classes that the network does not know.</exception>
    public ImageSplit EvaluationFor(IReadOnlyList<string> classes) => Relabelled(Evaluation, classes);

    /// <summary>Images of this data set with the class indices of a trained network, matched by name.</summary>
    /// <inheritdoc cref="EvaluationFor" path="/exception"/>
    internal ImageSplit Relabelled(ImageSplit split, IReadOnlyList<string> classes) =>
        RelabelledSplit.TryCreate(split, classes, out IReadOnlyList<string> unknown)
        ?? throw new GpuCnnException(
            $"Data set {DataFile.Quote(Path)}: expected images of the {classes.Count} classes that the network was trained for, but got " +
            $"{DataFile.Quote(unknown[0])}{(unknown.Count > 1 ? $" and {unknown.Count - 1} others" : "")}; " +
            "name a data set of the same classes.");

    /// <summary>Number of images of both purposes.</summary>
    public int Count => (_train?.Count ?? 0) + (Validation?.Count ?? 0);

    /// <summary>The size of the images in the files.</summary>
    public NativeSize Size { get; init; }

    /// <summary>Remarks that are not errors: files left out, classes without validation images.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Files among the images that are not used.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>
    /// Errors that make the data set unfit for training, one line each. <see cref="DatasetLocator.Open"/> throws the first.
    /// </summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>
    /// Pad if all images have one size and the input is at most a quarter larger (28x28 on 32x32); otherwise resize.
    /// </summary>
    public ImageFit SuggestFit(Shape input)
    {
        bool fits = Size.IsUniform && Size.Width <= input.Width && Size.Height <= input.Height;
        return fits && input.Width * 4 <= Size.Width * 5 && input.Height * 4 <= Size.Height * 5 ? ImageFit.Pad : ImageFit.Resize;
    }

    /// <summary>Number of images of a class that <see cref="WithHoldOut"/> holds out.</summary>
    public static int HeldOutOf(int images, double fraction) =>
        Math.Max(0, Math.Min(Math.Max(1, (int)Math.Round(images * fraction)), images - 1));

    /// <summary>Returns this data set if it has validation images; otherwise one that holds out a part of each class.</summary>
    /// <param name="fraction">Part of each class, rounded; at least one image, and never all.</param>
    /// <param name="seed">Decides which images.</param>
    /// <exception cref="GpuCnnException">No class has two images.</exception>
    public LocatedDataset WithHoldOut(double fraction, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(fraction is > 0 and < 1, true, nameof(fraction));
        if (Validation is not null) return this;
        List<int> kept = [], apart = [];
        for (int label = 0; label < Classes.Count; label++)
        {
            int[] images = [.. Enumerable.Range(0, Train.Count).Where(i => Train.Labels[i] == label)];
            new RandomStream(seed, stream: 0x401D, (ulong)label).Shuffle(images);
            int count = HeldOutOf(images.Length, fraction);
            apart.AddRange(images.Take(count));
            kept.AddRange(images.Skip(count));
        }
        if (apart.Count == 0)
            throw new GpuCnnException(
                $"Data set {DataFile.Quote(Path)}: expected at least two images of a class to hold some out, but got one; add images.");
        kept.Sort();
        apart.Sort();
        return new LocatedDataset(
            Path, Kind, new SubsetSplit($"{Kind}, without the images held out", Train, kept),
            new SubsetSplit($"{Kind}, images held out", Train, apart))
        {
            Size = Size,
            Notes = [.. Notes, FormattableString.Invariant($"{fraction * 100:0.#} % of each class held out for validation (seed {seed})")],
            Problems = Problems,
            LeftOut = LeftOut,
            TestSource = TestSource,
        };
    }

    /// <summary>Returns this data set with other images of the same classes and one more note.</summary>
    internal LocatedDataset With(ImageSplit train, ImageSplit? validation, string note) => new(Path, Kind, train, validation)
    {
        Size = Size,
        Notes = [.. Notes, note],
        Problems = Problems,
        LeftOut = LeftOut,
        TestSource = TestSource,
    };
}
