using System.Text.RegularExpressions;
using System.Xml;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// The labels of a folder of images without class folders, as data sets are distributed: Tiny-ImageNet's <c>val_annotations.txt</c>,
/// ILSVRC's <c>LOC_val_solution.csv</c> (Kaggle), its XML annotations, a list of synsets in the order of the images
/// (<c>imagenet_2012_validation_synset_labels.txt</c>), or lists of "file class" such as Caffe's <c>val.txt</c>.
/// </summary>
internal sealed partial class LabelFile
{
    /// <summary>Levels above the images where Kaggle's ILSVRC keeps its annotations.</summary>
    private const int LevelsAbove = 4;

    private static readonly char[] Separators = [' ', '\t', '\r', ',', ';'];

    private readonly bool _isXml;

    private LabelFile(string path, bool isXml) => (Path, _isXml) = (path, isXml);

    /// <summary>The file, or the folder of XML files.</summary>
    public string Path { get; }

    /// <summary>Finds the labels of the images in <paramref name="folder"/>; null if there are none.</summary>
    /// <param name="folder">Has its images directly in it, or in a folder "images" in it.</param>
    /// <param name="root">The data set's folder.</param>
    public static LabelFile? Find(string folder, string root)
    {
        if (!ClassFolderLayout.IsFlat(folder)) return null;
        string part = System.IO.Path.GetFileName(folder).ToLowerInvariant();
        List<string> places = [folder, root];
        for (DirectoryInfo? above = new DirectoryInfo(root).Parent; above is not null && places.Count < LevelsAbove + 2; above =
            above.Parent) places.Add(above.FullName);
        for (int i = 0; i < places.Count; i++)
        {
            // Above the data set, look only for names that cannot belong to another data set.
            string[] names = i < 2 ? [$"{part}_annotations.txt", $"LOC_{part}_solution.csv", $"{part}.txt", $"{part}_labels.txt",
                "labels.txt", $"{part}.csv", "labels.csv"]
                : [$"LOC_{part}_solution.csv"];
            foreach (string name in names)
                if (File.Exists(System.IO.Path.Combine(places[i], name))) return new LabelFile(System.IO.Path.Combine(places[i], name),
                    false);
            if (i < 2 && DataFolder.Files(places[i]).FirstOrDefault(file =>
                SynsetList().IsMatch(System.IO.Path.GetFileName(file))) is { } list)
                return new LabelFile(list, false);
            string annotations = System.IO.Path.Combine(places[i], "Annotations", "CLS-LOC", part);
            if (Directory.Exists(annotations)) return new LabelFile(annotations, true);
        }
        return DataFolder.Files(folder).Any(IsXml) ? new LabelFile(folder, true) : null;
    }

    /// <summary>Whether a file next to images describes them.</summary>
    public static bool IsAnnotation(string path) => IsXml(path) || Boxes().IsMatch(System.IO.Path.GetFileName(path));

    /// <summary>The class of each image; -1 if it has no label.</summary>
    /// <param name="images">Paths, in ordinal order.</param>
    /// <param name="classes">Names in index order, those of the training images.</param>
    /// <exception cref="GpuCnnException">The file cannot be read, or names an unknown class.</exception>
    public int[] Labels(IReadOnlyList<string> images, IReadOnlyList<string> classes)
    {
        Dictionary<string, int> index = classes.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
        if (_isXml) return [.. images.Select(image => FromXml(image, index))];
        string[][] rows = [.. DataFile.ReadAllText(Path).Split('\n')
            .Select(line => line.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .Where(row => row.Length > 0)];
        Dictionary<string, int> place = [];
        for (int i = 0; i < images.Count; i++)
        {
            place[System.IO.Path.GetFileName(images[i])] = i;
            place.TryAdd(System.IO.Path.GetFileNameWithoutExtension(images[i]), i);
        }
        int[] labels = new int[images.Count];
        Array.Fill(labels, -1);
        if (rows.Length == images.Count && rows.All(row => row.Length == 1))
        {
            for (int i = 0; i < rows.Length; i++) labels[i] = Class(rows[i][0], $"line {i + 1:N0}", numbers: false);
            return labels;
        }
        for (int row = 0; row < rows.Length; row++)
            if (rows[row].Length > 1 && place.TryGetValue(rows[row][0].Split('/')[^1], out int image))
                labels[image] = Class(rows[row][1], $"line {row + 1:N0}", numbers: true);
        return labels;

        int Class(string name, string where, bool numbers)
        {
            if (index.TryGetValue(name, out int label)) return label;
            // Numbers count the classes from 0 in the order of their names, as in torchvision and Caffe.
            if (numbers && int.TryParse(name, out label) && label >= 0 && label < classes.Count) return label;
            throw new GpuCnnException($"Labels {DataFile.Quote(Path)}: expected one of the {classes.Count:N0} classes of the training " +
                $"images, but got {DataFile.Quote(name)} at {where}; take both from the same data set.");
        }
    }

    private int FromXml(string image, Dictionary<string, int> index)
    {
        string file = System.IO.Path.Combine(Path, System.IO.Path.GetFileNameWithoutExtension(image) + ".xml");
        if (!File.Exists(file) || DataFile.IsEmpty(file)) return -1;
        try
        {
            using XmlReader reader = XmlReader.Create(file, new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                MaxCharactersInDocument = 1 << 24
            });
            if (!reader.ReadToFollowing("object") || !reader.ReadToDescendant("name")) return -1;
            string name = reader.ReadElementContentAsString().Trim();
            return index.TryGetValue(name, out int label) ? label
                : throw new GpuCnnException($"Annotation {DataFile.Quote(file)}: expected one of the {index.Count:N0} classes of the " +
                    $"training images, but got {DataFile.Quote(name)}; take both from the same data set.");
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            throw new GpuCnnException($"Annotation {DataFile.Quote(file)}: expected an XML file, but " +
                $"{e.Message.ReplaceLineEndings(" ").TrimEnd('.')}; copy it again.", e);
        }
    }

    private static bool IsXml(string path) => path.EndsWith(".xml", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"synset_labels\.txt$", RegexOptions.IgnoreCase)]
    private static partial Regex SynsetList();

    [GeneratedRegex(@"(_boxes|_annotations)\.txt$", RegexOptions.IgnoreCase)]
    private static partial Regex Boxes();
}
