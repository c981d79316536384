using System.Text.RegularExpressions;
using GpuCnn.Data.Formats;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// MNIST, Fashion-MNIST and EMNIST as distributed: <c>train-images-idx3-ubyte</c>, <c>t10k-labels.idx1-ubyte</c>,
/// <c>emnist-letters-test-images-idx3-ubyte.gz</c>. The path is a folder, or one of its files if it holds several data sets.
/// </summary>
internal sealed partial class IdxFolder : IDatasetFormat
{
    private static readonly string[] FashionClasses =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    public string Expected => "MNIST, Fashion-MNIST or EMNIST IDX files (plain or gzip)";

    public bool Recognises(string path) => File.Exists(path) ? NamePattern().IsMatch(Path.GetFileName(path))
        : Directory.Exists(path) && DataFolder.Files(path).Any(file => NamePattern().IsMatch(Path.GetFileName(file)));

    public LocatedDataset Open(string path)
    {
        string folder = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        // Ordinal order puts the plain file before its .gz, and the first file of a key is used.
        var files = DataFolder.Files(folder).Select(file => (Path: file, Match: NamePattern().Match(Path.GetFileName(file))))
            .Where(file => file.Match.Success)
            .GroupBy(file => file.Match.Groups["prefix"].Value).ToDictionary(group => group.Key, group => group.ToArray());
        string prefix = File.Exists(path) ? NamePattern().Match(Path.GetFileName(path)).Groups["prefix"].Value : files.Keys.First();
        if (files.Count > 1 && folder == path)
        {
            throw new GpuCnnException(
                $"Data set {DataFile.Quote(path)}: expected the IDX files of one data set, " +
                $"but got {files.Count} ({string.Join(", ", files.Keys.Select(DataFile.Quote))}); " +
                $"name one of the files instead, such as {DataFile.Quote(files.Values.First()[0].Path)}.");
        }

        IdxNames names = new(prefix, Path.GetFullPath(folder));
        Part? train = Find(training: true), test = Find(training: false);
        if (train is null && test is null)
            throw new GpuCnnException(
                $"Data set {DataFile.Quote(path)}: expected an IDX file of images, but got labels only; put the images next to them.");
        Part[] parts = [.. new[] { train, test }.OfType<Part>()];
        int highest = parts.Max(part => part.Labels.Max());
        IReadOnlyList<string> notes = CheckLabels(parts, highest, names);
        IReadOnlyList<string> classes = names.Classes(highest + 1);
        ImageSplit? trainSplit = train?.ToSplit(names.Kind, classes), testSplit = test?.ToSplit(names.Kind, classes);
        bool compressed = files[prefix].Any(file => file.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase));
        return new LocatedDataset(path, $"{names.Kind} files{(compressed ? " (gzip)" : "")}", trainSplit, testSplit)
        {
            Size = NativeSize.Sample((trainSplit ?? testSplit)!, out _),
            TestSource = testSplit is null ? null : () => testSplit,
            Notes = notes,
        };

        Part? Find(bool training)
        {
            string? images = Select("images"), labels = Select("labels");
            if (images is null) return null;
            if (labels is null)
            {
                string missing = Path.GetFileName(images).Replace("images", "labels").Replace("idx3", "idx1").Replace("idx4", "idx1");
                throw new GpuCnnException($"IDX {DataFile.Quote(images)}: expected its labels next to it, " +
                    $"but got no {DataFile.Quote(missing)}; put that file there.");
            }
            return Part.Read(images, labels, names);

            string? Select(string what) => files[prefix]
                .FirstOrDefault(file => (file.Match.Groups["part"].Value == "train") == training && file.Match.Groups["what"].Value == what)
                    .Path;
        }
    }

    /// <summary>
    /// A label beyond the usual ones makes all labels below it classes. Refuses it where more than a tenth of those would have no image:
    /// then a label is damaged, or the file is none of labels. Fewer classes without an image are noted.
    /// </summary>
    private static IReadOnlyList<string> CheckLabels(Part[] parts, int highest, IdxNames names)
    {
        if (highest < names.UsualClasses) return [];
        HashSet<int> present = [.. parts.SelectMany(part => part.Labels)];
        int missing = highest + 1 - present.Count;
        if (missing == 0) return [];
        if (10 * missing <= highest + 1) return [$"{missing:N0} of {highest + 1:N0} classes have no image"];
        Part part = parts.First(part => part.Labels.Contains(highest));
        throw DataFile.Damaged("IDX", part.LabelsPath, $"labels below {names.UsualClasses + names.FirstLabel}, or of classes with images",
            $"{highest + names.FirstLabel} at {Array.IndexOf(part.Labels, highest)}, and {present.Count:N0} classes with images in all");
    }

    [GeneratedRegex(@"^(?<prefix>.*?)(?<part>train|t10k|test)-(?<what>images|labels)[-.]idx[0-9]-ubyte(\.gz)?$")]
    private static partial Regex NamePattern();

    /// <summary>What the names of files and folders state about the data set.</summary>
    private sealed class IdxNames(string prefix, string folder)
    {
        private bool IsFashion => folder.Contains("fashion", StringComparison.OrdinalIgnoreCase);

        /// <summary>EMNIST stores its images transposed (Cohen et al., "EMNIST", 2017, section II).</summary>
        public bool IsTransposed { get; } = prefix.Contains("emnist", StringComparison.OrdinalIgnoreCase);

        /// <summary>EMNIST numbers its letters from 1.</summary>
        public int FirstLabel => IsTransposed && prefix.Contains("letters", StringComparison.OrdinalIgnoreCase) ? 1 : 0;

        /// <summary>Number of classes of the distributed data sets with such a name.</summary>
        public int UsualClasses => !IsTransposed || Has("digits") || Has("emnist-mnist") ? 10
            : Has("letters") ? 26
            : Has("balanced") || Has("bymerge") ? 47
            : 62;

        public string Kind => IsTransposed ? $"EMNIST {prefix.ToLowerInvariant().Replace("emnist", "").Trim('-', '_', '.')} IDX"
            : IsFashion ? "Fashion-MNIST IDX"
            : folder.Contains("mnist", StringComparison.OrdinalIgnoreCase) ? "MNIST IDX"
            : "IDX";

        public IReadOnlyList<string> Classes(int count)
        {
            const string Digits = "0123456789", Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            if (IsFashion && count <= 10) return FashionClasses;
            if (FirstLabel == 1 && count <= 26) return Split(Upper);
            // "balanced" and "bymerge" distinguish only those small letters that do not look like their capitals.
            if (IsTransposed && count is > 10 and <= 47) return Split(Digits + Upper + "abdefghnqrt");
            if (IsTransposed && count is > 47 and <= 62) return Split(Digits + Upper + Upper.ToLowerInvariant());
            return [.. Enumerable.Range(0, Math.Max(count, 10)).Select(i => $"{i}")];
        }

        private bool Has(string part) => prefix.Contains(part, StringComparison.OrdinalIgnoreCase);

        private static string[] Split(string text) => [.. text.Select(c => c.ToString())];
    }

    /// <summary>A file of images with its labels.</summary>
    private sealed record Part(string Path, string LabelsPath, PixelImage[] Images, int[] Labels)
    {
        public static Part Read(string imagesPath, string labelsPath, IdxNames names)
        {
            IdxArray array = IdxReader.ReadImages(imagesPath);
            byte[] labelBytes = IdxReader.ReadLabels(labelsPath);
            IReadOnlyList<int> d = array.Dimensions;
            if (labelBytes.Length != d[0])
            {
                throw new GpuCnnException(
                    $"IDX {DataFile.Quote(labelsPath)}: expected {d[0]:N0} labels, one for each image of {DataFile.Quote(imagesPath)}, " +
                    $"but got {labelBytes.Length:N0}; take both files from the same data set.");
            }
            int height = d[1], width = d[2], channels = d.Count == 4 ? d[3] : 1, size = height * width * channels;
            PixelImage[] images = new PixelImage[d[0]];
            int[] labels = new int[d[0]];
            for (int i = 0; i < images.Length; i++)
            {
                byte[] pixels = array.Values.AsSpan(i * size, size).ToArray();
                images[i] = names.IsTransposed ? Transpose(pixels, width, height, channels)
                    : new PixelImage(width, height, channels, pixels);
                labels[i] = labelBytes[i] - names.FirstLabel;
                if (labels[i] < 0)
                    throw DataFile.Damaged("IDX", labelsPath, $"labels from {names.FirstLabel} on", $"{labelBytes[i]} at {i}");
            }
            return new Part(imagesPath, labelsPath, images, labels);
        }

        public MemorySplit ToSplit(string kind, IReadOnlyList<string> classes) => new(kind, classes, Labels, Images, Path);

        /// <summary>Turns columns into rows.</summary>
        private static PixelImage Transpose(byte[] pixels, int width, int height, int channels)
        {
            PixelImage image = new(height, width, channels);
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    pixels.AsSpan((y * width + x) * channels, channels).CopyTo(image.Pixels.AsSpan((x * height + y) * channels));
            return image;
        }
    }
}
