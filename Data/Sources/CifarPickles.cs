using System.Text.RegularExpressions;
using GpuCnn.Data.Formats;
using GpuCnn.Engine.Checkpoints.Pickle;

namespace GpuCnn.Data;

/// <summary>
/// The Python versions of CIFAR-10 (data_batch_1 ... test_batch, batches.meta) and CIFAR-100 (train, test, meta): pickles of a dict with
/// "data" [N, 3 x 32 x 32] and "labels" (CIFAR-100: "fine_labels").
/// </summary>
internal sealed partial class CifarPickles : IDatasetFormat
{
    public string Expected => "CIFAR-10 or CIFAR-100 in the Python version";

    public bool Recognises(string path) => Directory.Exists(path)
        && (DataFolder.Files(path).Any(file => BatchName().IsMatch(Path.GetFileName(file))) || IsHundred(path));

    public LocatedDataset Open(string path)
    {
        bool isHundred = IsHundred(path);
        string[] training = isHundred ? Existing(path, "train") : [.. DataFolder.Files(path)
            .Where(file => BatchName().IsMatch(Path.GetFileName(file)))];
        string[] test = Existing(path, isHundred ? "test" : "test_batch"), meta = Existing(path, isHundred ? "meta" : "batches.meta");
        string kind = isHundred ? "CIFAR-100" : "CIFAR-10", labels = isHundred ? "fine_labels" : "labels", names = isHundred
            ? "fine_label_names" : "label_names";
        int count = isHundred ? 100 : 10;
        string[] classes = meta is [var file] ? CifarFolder.CheckNames(NumpyPickle.Read(file).Texts(names), count, file)
            : CifarFolder.DefaultClasses(count);
        MemorySplit? testSplit = Split(test);
        return new LocatedDataset(path, $"{kind} Python pickles", Split(training), testSplit)
        {
            Size = new NativeSize(CifarReader.Side, CifarReader.Side, 3, IsUniform: true),
            Notes = !isHundred && training.Length is > 0 and < 5 ? [$"{training.Length} of 5 training files"] : [],
            TestSource = testSplit is null ? null : () => testSplit,
        };

        MemorySplit? Split(string[] files)
        {
            if (files.Length == 0) return null;
            List<PixelImage> images = [];
            List<int> all = [];
            foreach (string file in files)
            {
                if (DataFile.IsEmpty(file)) throw DataFile.Damaged("CIFAR", file, "a pickle", "an empty file, a pipe or a device");
                NumpyPickle pickle = NumpyPickle.Read(file);
                (int[] shape, byte[] values) = pickle.Bytes("data");
                int[] numbers = pickle.Numbers(labels);
                if (shape is not [var rows, 3 * CifarReader.Side * CifarReader.Side] || rows != numbers.Length)
                    throw DataFile.Damaged("CIFAR", file, $"data [{numbers.Length}, 3072], a row for each label",
                        $"[{string.Join(", ", shape)}]");
                for (int i = 0; i < rows; i++)
                {
                    if (numbers[i] < 0 || numbers[i] >= count) throw DataFile.Damaged("CIFAR", file, $"labels of 0 to {count - 1}",
                        $"{numbers[i]} in row {i}");
                    images.Add(CifarReader.ToImage(values.AsSpan(i * shape[1], shape[1])));
                }
                all.AddRange(numbers);
            }
            return new MemorySplit(kind, classes, all, images, files.Length == 1 ? files[0] : path);
        }
    }

    /// <summary>Whether the folder holds CIFAR-100. A file "train" alone is ambiguous.</summary>
    private static bool IsHundred(string path) =>
        File.Exists(Path.Combine(path, "meta")) && (File.Exists(Path.Combine(path, "train")) || File.Exists(Path.Combine(path, "test")));

    private static string[] Existing(string path, string name) => Path.Combine(path, name) is var file && File.Exists(file)
        && !DataFile.IsEmpty(file) ? [file] : [];

    [GeneratedRegex("^data_batch_[0-9]+$")]
    private static partial Regex BatchName();
}
