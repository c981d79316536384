using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// A folder per class, named like the class, either at the top or under train/ and val/ (or test/, and variants of these names). Validation
/// images may lie in one folder with a file that labels them, as in Tiny-ImageNet and ILSVRC.
/// </summary>
internal sealed class ClassFolders : IDatasetFormat
{
    public string Expected => "a folder of class folders with images (as they are, or under train/ and val/)";

    public bool Recognises(string path) => Directory.Exists(path) && ClassFolderLayout.Of(path) is not null;

    public LocatedDataset Open(string path)
    {
        ClassFolderLayout layout = ClassFolderLayout.Of(path)
            ?? throw new GpuCnnException($"Data set {DataFile.Quote(path)}: expected {Expected}, but got none.");
        FollowedLinks links = new([.. new[] { layout.Train, layout.Validation }.OfType<string>()]);
        ClassListing? train = layout.Train is null ? null : ClassListing.OfFolders(layout.Train, links);
        ClassListing? validation = layout.Validation is null ? null
            : train is not null && LabelFile.Find(layout.Validation, path) is { } labels ? ClassListing.OfLabels(layout.Validation, labels,
                train.Classes)
            : ClassListing.OfFolders(layout.Validation, links);
        ClassListing[] listings = [.. new[] { train, validation }.OfType<ClassListing>()];
        string kind = layout.Train == path ? "class folders"
            : $"class folders under {string.Join(" and ", listings.Select(listing => Path.GetFileName(listing.Path) + "/"))}";
        List<string> problems = [.. listings[0].Empty, .. listings.SelectMany(listing => listing.Problems)];
        List<string> notes = [.. listings.SelectMany(listing => listing.Notes)];

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
            // Unknown classes come last, so that a check can still read all images.
            IReadOnlyList<string> classes = [.. trainSplit.Classes, .. unknown];
            trainSplit = RelabelledSplit.TryCreate(trainSplit, classes, out _);
            validationSplit = RelabelledSplit.TryCreate(validationSplit, classes, out _);
        }
        foreach (string folder in layout.Ignored)
        {
            bool isUnlabelled = SplitName.OfFolder(folder) is { IsTraining: false } && ClassFolderLayout.IsFlat(folder);
            notes.Add($"{Path.GetFileName(folder)}/ ignored{(isUnlabelled ? ": its images have no labels" : "")}");
        }
        if (layout.Test is not null && layout.Test != layout.Validation) notes.Add($"{Path.GetFileName(layout.Test)}/ kept for testing");
        if (links.LeftOut > 0)
            notes.Add($"{links.LeftOut:N0} {(links.LeftOut == 1 ? "link" : "links")} to files already included left out");
        ImageSplit first = (trainSplit ?? validationSplit)!;
        NativeSize size = NativeSize.Sample(first, out GpuCnnException? unreadable);
        if (unreadable is not null) problems.Add(unreadable.Message);
        if (first.Classes.Count == 1) notes.Add("only one class: there is nothing to classify");
        string[] leftOut = [.. listings.SelectMany(listing => listing.LeftOut)];
        if (leftOut.Length > 0)
            notes.Add($"{leftOut.Length:N0} {(leftOut.Length == 1 ? "file" : "files")} of other types or places left out " +
                $"({Extensions(leftOut)})");
        return new LocatedDataset(path, kind, trainSplit, validationSplit)
        {
            Size = size,
            Notes = notes,
            Problems = problems,
            LeftOut = leftOut,
            TestSource = layout.Test is null ? null
                : layout.Test == layout.Validation ? () => validationSplit!
                : () => OpenTest(layout.Test, path, first.Classes),
        };
    }

    private static ImageSplit OpenTest(string folder, string path, IReadOnlyList<string> classes)
    {
        ClassListing listing = LabelFile.Find(folder, path) is { } labels ? ClassListing.OfLabels(folder, labels, classes)
            : ClassListing.OfFolders(folder, new FollowedLinks([folder]));
        if (listing.Problems.Count > 0) throw new GpuCnnException(listing.Problems[0]);
        return RelabelledSplit.TryCreate(listing.ToSplit(), classes, out IReadOnlyList<string> unknown)
            ?? throw new GpuCnnException($"Class folder {DataFile.Quote(Path.Combine(folder, unknown[0]))}: expected one of the " +
                $"{classes.Count} classes of the other images, but got {DataFile.Quote(unknown[0])}; rename it.");
    }

    /// <summary>Extensions with their counts, the most frequent first: ".txt 3, .jpg 1".</summary>
    public static string Extensions(IEnumerable<string> files)
    {
        var counts = files.CountBy(file => Path.GetExtension(file) is { Length: > 0 } some ? some.ToLowerInvariant() : "no extension");
        return Some([.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => $"{c.Key} {c.Value:N0}")]);
    }

    private static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(5)) + (names.Count > 5 ? ", ..." : "");
}
