using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>A folder per class, its name the class; either as they are, or under train/ and val/ (or test/).</summary>
internal sealed class ClassFolders : IDatasetFormat
{
    private static readonly string[] TrainNames = ["train", "training"];
    private static readonly string[] ValidationNames = ["val", "valid", "validation", "test"];

    public string Expected => "a folder of class folders with images (as they are, or under train/ and val/)";

    public bool Recognises(string path) => Directory.Exists(path) && Layout.Of(path) is not null;

    public LocatedDataset Open(string path)
    {
        Layout layout = Layout.Of(path)
            ?? throw new GpuCnnException($"Data set {DataFile.Quote(path)}: expected {Expected}, but got none.");
        Listing? train = layout.Train is null ? null : Listing.Of(layout.Train);
        Listing? validation = layout.Validation is null ? null : Listing.Of(layout.Validation);
        IEnumerable<string> parts = new[] { layout.Train, layout.Validation }.OfType<string>().Select(part => Path.GetFileName(part) + "/");
        string kind = layout.Train == path ? "class folders" : $"class folders under {string.Join(" and ", parts)}";
        List<string> problems = [.. (train ?? validation!).Empty];
        List<string> notes = [];

        ImageSplit? trainSplit = train?.ToSplit(), validationSplit = validation?.ToSplit();
        if (trainSplit is not null && validationSplit is not null)
        {
            IReadOnlyList<string> unknown = [.. validationSplit.Classes.Except(trainSplit.Classes)];
            foreach (string name in unknown)
            {
                problems.Add($"Class folder {DataFile.Quote(Path.Combine(layout.Validation!, name))}: " +
                    $"expected one of the {trainSplit.Classes.Count} classes of " +
                    $"{DataFile.Quote(layout.Train!)}, but got {DataFile.Quote(name)}; " +
                    "rename it, or add the class to the training images.");
            }
            IEnumerable<string> present = validationSplit.Labels.Distinct().Select(label => validationSplit.Classes[label]).ToArray();
            string[] missing = [.. trainSplit.Classes.Except(present)];
            if (missing.Length > 0) notes.Add(
                $"{missing.Length} {(missing.Length == 1 ? "class has" : "classes have")} no validation images ({Some(missing)})");
            // Unknown classes come last, so that a check can still look at all images.
            IReadOnlyList<string> classes = [.. trainSplit.Classes, .. unknown];
            trainSplit = RelabelledSplit.TryCreate(trainSplit, classes, out _);
            validationSplit = RelabelledSplit.TryCreate(validationSplit, classes, out _);
        }
        if (layout.Ignored is not null) notes.Add($"{Path.GetFileName(layout.Ignored)}/ left alone");
        ImageSplit first = (trainSplit ?? validationSplit)!;
        NativeSize size = NativeSize.Sample(first, out GpuCnnException? unreadable);
        if (unreadable is not null) problems.Add(unreadable.Message);
        if (first.Classes.Count == 1) notes.Add("one class only, so there is nothing to tell apart");
        Dictionary<string, int> skipped = [];
        foreach (Listing? listing in (Listing?[])[train, validation])
            foreach ((string extension, int count) in listing?.Skipped ?? [])
                skipped[extension] = skipped.GetValueOrDefault(extension) + count;
        if (skipped.Count > 0) notes.Add($"{skipped.Values.Sum():N0} files of other types left out ({Extensions(skipped)})");
        return new LocatedDataset(path, kind, trainSplit, validationSplit)
        {
            Size = size,
            Notes = notes,
            Problems = problems,
        };
    }

    /// <summary>Extensions with their counts, the most frequent first: ".txt 3, .jpg 1".</summary>
    public static string Extensions(IEnumerable<KeyValuePair<string, int>> counts) =>
        Some([.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value:N0}")]);

    private static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(5)) + (names.Count > 5 ? ", ..." : "");

    /// <summary>Which folders hold the class folders.</summary>
    private sealed record Layout(string? Train, string? Validation, string? Ignored)
    {
        public static Layout? Of(string path)
        {
            IReadOnlyList<string> folders = DataFolder.Folders(path);
            string[] train = Find(folders, TrainNames), validation = Find(folders, ValidationNames);
            if (train.Length > 0 || validation.Length > 0)
                return new Layout(train.FirstOrDefault(), validation.FirstOrDefault(), validation.Skip(1).FirstOrDefault());
            return HasClasses(path) ? new Layout(path, null, null) : null;
        }

        /// <summary>A folder "train" with images directly in it is a class of trains.</summary>
        private static string[] Find(IReadOnlyList<string> folders, string[] names) =>
        [
            .. names.SelectMany(name => folders.Where(folder => Path.GetFileName(folder).Equals(name, StringComparison.OrdinalIgnoreCase)))
                .Where(HasClasses),
        ];

        /// <summary>
        /// Only images directly in a class folder count, or the folder above a data set would be one too. Others are found once it is
        /// known.
        /// </summary>
        private static bool HasClasses(string path) => DataFolder.Folders(path)
            .Any(folder => DataFolder.Files(folder).Any(ImageFile.HasReadableExtension));
    }

    /// <summary>The class folders of one folder.</summary>
    private sealed record Listing(string Path, IReadOnlyList<(string Class, IReadOnlyList<string> Files)> Classes,
        Dictionary<string, int> Skipped)
    {
        /// <summary>A line for each class without images.</summary>
        public IEnumerable<string> Empty => Classes.Where(c => c.Files.Count == 0).Select(c =>
            $"Class folder {DataFile.Quote(System.IO.Path.Combine(Path, c.Class))}: expected images ({ImageFile.ReadableFormats}), " +
            "but got none; add some or remove the folder.");

        public static Listing Of(string path)
        {
            List<(string, IReadOnlyList<string>)> classes = [];
            Dictionary<string, int> skipped = [];
            foreach (string folder in DataFolder.Folders(path))
            {
                List<string> images = [];
                foreach (string file in DataFolder.FilesBelow(folder))
                {
                    if (ImageFile.HasReadableExtension(file))
                    {
                        images.Add(file);
                        continue;
                    }
                    string extension = System.IO.Path.GetExtension(file) is { Length: > 0 } some ? some.ToLowerInvariant() : "no extension";
                    skipped[extension] = skipped.GetValueOrDefault(extension) + 1;
                }
                classes.Add((System.IO.Path.GetFileName(folder), images));
            }
            return new Listing(path, classes, skipped);
        }

        public FileSplit ToSplit() => new(
            $"class folders of {DataFile.Quote(Path)}",
            [.. Classes.Select(c => c.Class)],
            [.. Classes.SelectMany((c, label) => Enumerable.Repeat(label, c.Files.Count))],
            [.. Classes.SelectMany(c => c.Files)]);
    }
}
