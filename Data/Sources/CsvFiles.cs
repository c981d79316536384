using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// CSV (or TSV) files that name image files and their labels: train.csv and val.csv, one file with a split column, or one file. Paths are
/// relative to the CSV's folder, or to a folder of images in it.
/// </summary>
internal sealed class CsvFiles : IDatasetFormat
{
    private static readonly string[] PathNames = ["path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path",
        "img", "img_path", "image_id", "id"];
    private static readonly string[] LabelNames = ["label", "class", "class_name", "target", "category", "breed", "species", "diagnosis",
        "y"];
    private static readonly string[] SplitNames = ["split", "set", "subset", "partition", "data set", "dataset"];

    public string Expected => "a CSV file with columns path and label";

    public bool IsLastResort => true;

    public bool Recognises(string path) => File.Exists(path) ? IsName(path)
        : Directory.Exists(path) && DataFolder.Files(path).Any(file => IsName(file) && Table.TryRead(file, onlyHeader: true) is not null);

    public LocatedDataset Open(string path)
    {
        string folder = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        Table[] tables = File.Exists(path)
            ? [Table.TryRead(path, onlyHeader: false)
                ?? throw new GpuCnnException($"CSV {DataFile.Quote(path)}: expected a first line with the names of columns, path and " +
                $"label among them, but got others; add it.")]
            : [.. DataFolder.Files(path).Where(IsName).Select(file => Table.TryRead(file, onlyHeader: false)).OfType<Table>()];
        var named = tables.SelectMany(table => table.Rows.GroupBy(row => row.Split).Select(group => (
            (Table: table, Rows: group.ToArray()),
            // A file that the user names holds training images, whatever its name.
            Name: group.Key is { Length: > 0 } split
                ? SplitName.OfFolder(split) ?? throw table.Wrong($"a split such as train or val", split)
                : File.Exists(path) ? null : SplitName.OfFile(table.Path))));
        var (training, validation, tests, others) = SplitName.Divide(named);
        var first = training.Length > 0 ? training : validation;
        if (first.Length == 0) throw new GpuCnnException($"CSV {DataFile.Quote(tables[0].Path)}: expected a line for each image, but got " +
            $"none; add them.");
        LabelledImages classes = LabelledImages.Beside(folder)
            ?? LabelledImages.ByLabels(first.SelectMany(part => part.Rows).Select(row => row.Label), training.Length > 0
                ? "the training images" : "the images");
        FileSplit? train = ToSplit(training, classes), test = ToSplit(validation, classes);
        if (train is null && test is null) throw new GpuCnnException(classes.Problems[0]);
        bool hasOwnTest = tests.Length > 0 && !tests.SequenceEqual(validation);
        NativeSize size = NativeSize.Sample((train ?? test)!, out GpuCnnException? unreadable);
        return new LocatedDataset(path,
            $"CSV {(tables.Length == 1 ? "file" : "files")} {string.Join(", ", tables.Select(table => Path.GetFileName(table.Path)))}",
            train, test)
        {
            Size = size,
            Notes =
            [
                .. others.Select(part => $"{part.Rows.Length:N0} images of another split ignored"),
                .. hasOwnTest ? (string[])[$"{tests.Sum(part => part.Rows.Length):N0} images kept for testing"] : [],
            ],
            Problems = [.. classes.Problems, .. unreadable is null ? (string[])[] : [unreadable.Message]],
            TestSource = hasOwnTest ? () => classes.Strictly(known => ToSplit(tests, known)) : tests.Length > 0 ? () => test! : null,
        };
    }

    private static FileSplit? ToSplit((Table Table, Row[] Rows)[] parts, LabelledImages classes)
    {
        List<string> files = [];
        List<int> labels = [];
        foreach ((Table table, Row[] rows) in parts)
        {
            Func<string, string> locate = table.Locator(rows[0].File);
            foreach (Row row in rows)
            {
                int label = classes.Find(row.Label, () => row.File);
                if (label < 0) continue;
                files.Add(locate(row.File));
                labels.Add(label);
            }
        }
        return files.Count == 0 ? null : new FileSplit($"images of {DataFile.Quote(parts[0].Table.Path)}", classes.Classes, labels, files);
    }

    private static bool IsName(string path) => Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv";

    private readonly record struct Row(string File, string Label, string? Split);

    /// <summary>A CSV file that has the required columns.</summary>
    private sealed record Table(string Path, Row[] Rows)
    {
        /// <summary>Reads the file, or returns null if its first line does not name the columns.</summary>
        public static Table? TryRead(string path, bool onlyHeader)
        {
            string text = onlyHeader ? FirstLine(path) : DataFile.ReadAllText(path);
            string header = text.Split('\n', 2)[0];
            char separator = System.IO.Path.GetExtension(path).Equals(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t'
                // Spreadsheets write semicolons where the comma is the decimal separator.
                : header.Contains(';') && !header.Contains(',') ? ';'
                : ',';
            List<Row> rows = [];
            int line = 0, file = -1, label = -1, split = -1, columns = 0;
            try
            {
                foreach (IReadOnlyList<string> fields in CsvText.Rows(text, separator))
                {
                    if (line++ == 0)
                    {
                        (file, label, split, columns) = (Find(fields, PathNames), Find(fields, LabelNames), Find(fields, SplitNames),
                            fields.Count);
                        if (file < 0 || label < 0) return null;
                        continue;
                    }
                    if (fields.Count != columns)
                        throw DataFile.Damaged("CSV", path, $"{columns} fields in each line, as in the first",
                            $"{fields.Count} in line {line:N0}");
                    string name = fields[file].Trim();
                    if (name.Length == 0) throw DataFile.Damaged("CSV", path, "a path in each line", $"none in line {line:N0}");
                    rows.Add(new Row(name, fields[label].Trim(), split < 0 ? null : fields[split].Trim()));
                }
            }
            catch (FormatException e)
            {
                if (onlyHeader) return null;
                throw DataFile.Damaged("CSV", path, "quotes in pairs", e.Message, e);
            }
            return line == 0 ? null : new Table(path, [.. rows]);
        }

        public GpuCnnException Wrong(string expected, string got) =>
            new($"CSV {DataFile.Quote(Path)}: expected {expected}, but got {DataFile.Quote(got)}; correct it.");

        /// <summary>Maps paths in the file to image files. Finds their folder and missing extension with the first image.</summary>
        public Func<string, string> Locator(string image)
        {
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, own =
                System.IO.Path.GetFileNameWithoutExtension(Path);
            string[] places = ["", "images", own, own + "_images", "train", "train_images"], endings =
                ["", .. ImageFile.ReadableExtensions];
            foreach (string place in places)
                foreach (string ending in endings)
                    if (File.Exists(System.IO.Path.Combine(folder, place, image + ending))) return name => System.IO.Path.Combine(folder,
                        place, name + ending);
            return name => System.IO.Path.Combine(folder, name);
        }

        private static string FirstLine(string path) => DataFile.Guard(path, "read", () => DataFile.IsEmpty(path) ? ""
            : File.ReadLines(path).FirstOrDefault(""));

        private static int Find(IReadOnlyList<string> columns, string[] names)
        {
            string[] have = [.. columns.Select(column => column.Trim().ToLowerInvariant())];
            return names.Select(name => Array.IndexOf(have, name)).FirstOrDefault(index => index >= 0, -1);
        }
    }
}
