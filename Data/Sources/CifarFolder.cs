using System.Text.RegularExpressions;
using GpuCnn.Data.Formats;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>The binary versions of CIFAR-10 (data_batch_1.bin ... test_batch.bin) and CIFAR-100 (train.bin, test.bin).</summary>
internal sealed partial class CifarFolder : IDatasetFormat
{
    private static readonly string[] TenClasses =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    private static readonly Variant Ten = new("CIFAR-10", 1, 10, TenName(), "test_batch.bin", "batches.meta.txt", TrainFiles: 5);
    private static readonly Variant Hundred = new("CIFAR-100", 2, 100, HundredName(), "test.bin", "fine_label_names.txt", TrainFiles: 1);

    public string Expected => "CIFAR-10 or CIFAR-100 in the binary version";

    public bool Recognises(string path) => Directory.Exists(path) && Find(path) is not null;

    public LocatedDataset Open(string path)
    {
        Variant variant = Find(path) ?? throw new GpuCnnException($"Data set {DataFile.Quote(path)}: expected {Expected}, but got none.");
        string[] trainFiles = [.. variant.Files(path, training: true)], testFiles = [.. variant.Files(path, training: false)];
        string[] classes = variant.ReadClasses(path);
        MemorySplit? train = variant.ReadSplit(trainFiles, classes), test = variant.ReadSplit(testFiles, classes);
        // "data_batch_1 (1).bin" is a browser's second download of the same images.
        string[] copies = [.. DataFolder.Files(path).Where(file => file.EndsWith(".bin", StringComparison.OrdinalIgnoreCase))
            .Except(trainFiles).Except(testFiles)];
        List<string> notes = [];
        if (trainFiles.Length is > 0 && trainFiles.Length < variant.TrainFiles)
            notes.Add($"{trainFiles.Length} of {variant.TrainFiles} training files");
        if (copies.Length > 0) notes.Add($"{string.Join(", ", copies.Select(copy => DataFile.Quote(Path.GetFileName(copy))))} left out");
        return new LocatedDataset(path, $"{variant.Name} binary files", train, test)
        {
            Size = new NativeSize(CifarReader.Side, CifarReader.Side, 3, IsUniform: true),
            Notes = notes,
            LeftOut = copies,
            TestSource = test is null ? null : () => test,
        };
    }

    /// <summary>Class names to use if no file gives them.</summary>
    internal static string[] DefaultClasses(int count) => count == 10 ? TenClasses : [.. Enumerable.Range(0, count).Select(i => $"{i}")];

    /// <summary>Returns the names of a file of classes if each class has a name of its own.</summary>
    internal static string[] CheckNames(string[] names, int count, string file)
    {
        if (names.Length != count) throw DataFile.Damaged("CIFAR", file, $"{count} class names", $"{names.Length}");
        int first = Array.FindIndex(names, name => Array.IndexOf(names, name) < Array.LastIndexOf(names, name));
        return first < 0 ? names : throw DataFile.Damaged("CIFAR", file, "distinct class names",
            $"{DataFile.Quote(names[first])} as {first} and {Array.LastIndexOf(names, names[first])}");
    }

    [GeneratedRegex(@"^data_batch_[0-9]+\.bin$")]
    private static partial Regex TenName();

    [GeneratedRegex(@"^train\.bin$")]
    private static partial Regex HundredName();

    private static Variant? Find(string path) =>
        Ten.IsIn(path) ? Ten
        // "train.bin" alone is ambiguous: require the class names or records of the right size.
        : Hundred.IsIn(path) && (File.Exists(Path.Combine(path, Hundred.ClassFile)) || HasRecords(path)) ? Hundred
        : null;

    private static bool HasRecords(string path) =>
        Hundred.Files(path, training: true).Concat(Hundred.Files(path, training: false)).All(file => new FileInfo(file).Length % 3074 == 0);

    private sealed record Variant(string Name, int LabelBytes, int ClassCount, Regex TrainName, string TestFile, string ClassFile,
        int TrainFiles)
    {
        public bool IsIn(string path) => Files(path, true).Any() || Files(path, false).Any();

        public IEnumerable<string> Files(string path, bool training) => DataFolder.Files(path).Where(file =>
        {
            string name = Path.GetFileName(file);
            return training ? TrainName.IsMatch(name) : name == TestFile;
        });

        public string[] ReadClasses(string path)
        {
            string file = Path.Combine(path, ClassFile);
            if (!File.Exists(file)) return DefaultClasses(ClassCount);
            string[] names = [.. DataFile.ReadAllText(file).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
            return CheckNames(names, ClassCount, file);
        }

        public MemorySplit? ReadSplit(string[] files, string[] classes)
        {
            if (files.Length == 0) return null;
            List<PixelImage> images = [];
            List<int> labels = [];
            foreach (string file in files)
            {
                (PixelImage[] fileImages, int[] fileLabels) = CifarReader.Read(file, LabelBytes, ClassCount);
                images.AddRange(fileImages);
                labels.AddRange(fileLabels);
            }
            return new MemorySplit(Name, classes, labels, images, files.Length == 1 ? files[0] : Path.GetDirectoryName(files[0])!);
        }
    }
}
