using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Parquet files of images as Hugging Face distributes them: train-00000-of-00005.parquet, in a folder, in data/ below it, or a single
/// file.
/// </summary>
internal sealed class ParquetFiles : IDatasetFormat
{
    private const int LevelsBelow = 2, FoldersBelow = 100;

    public string Expected => "Parquet files of images and labels";

    public bool Recognises(string path) => File.Exists(path) ? IsName(path)
        : Directory.Exists(path) && Files(path).Length > 0;

    public LocatedDataset Open(string path)
    {
        string[] names = File.Exists(path) ? [path] : Files(path);
        ParquetFile[] files = new ParquetFile[names.Length];
        InOrder.Run(names.Length, i => files[i] = ParquetFile.Open(names[i]));
        var (training, validation, tests, others) = SplitName.Divide(files.Select(file => (file,
            File.Exists(path) ? null : NameOf(file.Path, path))));
        ParquetFile[] first = training.Length > 0 ? training : validation;
        LabelledImages classes = first[0].ClassNames is { } known ? LabelledImages.ByNames(known, first[0].Path)
            : LabelledImages.Beside(File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path)
            ?? LabelledImages.ByLabels(first.SelectMany(file => file.Labels).SelectMany(labels => labels), training.Length > 0
                ? "the training images" : "the images");
        if (first.FirstOrDefault(file => file.ClassNames is { } names && first[0].ClassNames is { } own
            && !names.SequenceEqual(own)) is { } other)
            throw new GpuCnnException($"Parquet {DataFile.Quote(other.Path)}: expected the classes of {DataFile.Quote(first[0].Path)}, " +
                $"but got others; put each data set into a folder of its own.");
        ImageSplit? train = ToSplit(training, classes, path), test = ToSplit(validation, classes, path);
        if (train is null && test is null)
            throw new GpuCnnException(classes.Problems.FirstOrDefault()
                ?? $"Data set {DataFile.Quote(path)}: expected images in its Parquet files, but got no rows; name others.");
        List<string> notes = [];
        string some = string.Join(", ", others.Take(3).Select(file => Path.GetFileName(file.Path)));
        if (others.Length > 0) notes.Add($"{some}{(others.Length > 3 ? ", ..." : "")} ignored");
        bool hasOwnTest = tests.Length > 0 && !tests.SequenceEqual(validation);
        if (hasOwnTest) notes.Add($"{tests.Sum(file => file.Labels.Sum(labels => (long)labels.Length)):N0} images kept for testing");
        if (first[0].OtherColumns.Count > 0) notes.Add($"columns ignored: {string.Join(", ", first[0].OtherColumns.Take(5))}");
        NativeSize size = NativeSize.Sample((train ?? test)!, out GpuCnnException? unreadable);
        return new LocatedDataset(path, $"{names.Length:N0} Parquet {(names.Length == 1 ? "file" : "files")}", train, test)
        {
            Size = size,
            Notes = notes,
            Problems = [.. classes.Problems, .. unreadable is null ? (string[])[] : [unreadable.Message]],
            TestSource = hasOwnTest ? () => classes.Strictly(known => ToSplit(tests, known, path)) : tests.Length > 0 ? () => test! : null,
        };
    }

    private static ImageSplit? ToSplit(ParquetFile[] files, LabelledImages classes, string path)
    {
        List<int> labels = [];
        List<StreamBlock> blocks = [];
        foreach (ParquetFile file in files)
        {
            for (int group = 0; group < file.Labels.Count; group++)
            {
                List<int> rows = [];
                for (int row = 0; row < file.Labels[group].Length; row++)
                {
                    int label = classes.Find(file.Labels[group][row],
                        () => $"{file.Path}#{file.Labels.Take(group).Sum(before => before.Length) + row}");
                    if (label < 0) continue;
                    rows.Add(row);
                    labels.Add(label);
                }
                if (rows.Count > 0) blocks.Add(new ParquetBlock(file, group, rows));
            }
        }
        return blocks.Count == 0 ? null : new StreamedSplit($"Parquet files of {DataFile.Quote(path)}", classes.Classes, labels, blocks);
    }

    /// <summary>
    /// The split according to the file's name ("train-00000-of-00002.parquet") or a folder's ("default/train/0000.parquet").
    /// </summary>
    private static SplitName? NameOf(string file, string root) => SplitName.OfFile(file)
        ?? Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).SkipLast(1).Reverse()
            .Select(part => SplitName.OfFolder(part)).FirstOrDefault(name => name is not null);

    private static string[] Files(string path) =>
        [.. DataFolder.Nearest(path, LevelsBelow, FoldersBelow).SelectMany(folder => DataFolder.Files(folder).Where(IsName))];

    private static bool IsName(string path) => path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
}
