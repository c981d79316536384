using System.Globalization;
using System.Text.Json;
using GpuCnn.Engine;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace GpuCnn.Data;

/// <summary>
/// A Parquet file of images as Hugging Face writes it: a column of structs with "bytes" (or of bytes), and a column of labels. If the
/// labels are a ClassLabel, the metadata "huggingface" holds their names.
/// </summary>
internal sealed class ParquetFile
{
    /// <summary>Upper bound of a row group's rows per byte of the file.</summary>
    private const int MostRowsPerByte = 64;

    private static readonly string[] ImageNames = ["image", "img", "jpg", "jpeg", "png", "bytes", "content", "data"];
    private static readonly string[] LabelNames = ["label", "labels", "fine_label", "class", "cls", "target", "category"];

    private readonly string _imagePath;

    private ParquetFile(string path, string imagePath, FileStamp stamp) => (Path, _imagePath, Stamp) = (path, imagePath, stamp);

    public string Path { get; }

    public FileStamp Stamp { get; }

    /// <summary>The labels of each row group, as text.</summary>
    public IReadOnlyList<string[]> Labels { get; private set; } = [];

    /// <summary>Approximate bytes of each row group's images.</summary>
    public IReadOnlyList<long> Bytes { get; private set; } = [];

    /// <summary>Names of the classes, if the metadata gives them.</summary>
    public IReadOnlyList<string>? ClassNames { get; private set; }

    /// <summary>Columns other than the images and their labels.</summary>
    public IReadOnlyList<string> OtherColumns { get; private set; } = [];

    /// <summary>Reads the labels, but no images.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or has no images or no labels.</exception>
    public static ParquetFile Open(string path) => Guard(path, async () =>
    {
        if (DataFile.IsEmpty(path)) throw DataFile.Damaged("Parquet", path, "a Parquet file", "an empty file, a pipe or a device");
        FileStamp stamp = FileStamp.Of(path);
        await using ParquetReader reader = await ParquetReader.CreateAsync(path);
        DataField[] fields = reader.Schema.GetDataFields();
        DataField image = ImageNames.Select(name => fields.FirstOrDefault(field => IsBytes(field) && Root(field).Equals(name,
            StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(field => field is not null) ?? fields.FirstOrDefault(field => IsBytes(field)
                && field.Path.ToList()[^1] == "bytes")
            ?? throw Missing("a column of images", fields);
        Dictionary<string, string[]> names = ClassLabels(reader.CustomMetadata);
        DataField label = LabelNames.Concat(names.Keys).Select(name => fields.FirstOrDefault(field => field.Path.ToList() is [var single]
            && single.Equals(name, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(field => field is not null) ?? throw Missing("a column of labels", fields);
        List<string[]> labels = [];
        List<long> bytes = [];
        for (int group = 0; group < reader.RowGroupCount; group++)
        {
            using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
            labels.Add(await ReadLabels(rows, label, Count(rows, stamp, path)));
            bytes.Add(Math.Clamp(rows.GetMetadata(image)?.MetaData?.TotalUncompressedSize ?? 0, 0, int.MaxValue));
        }
        return new ParquetFile(path, image.Path.ToString(), stamp)
        {
            Labels = labels,
            Bytes = bytes,
            ClassNames = names.GetValueOrDefault(label.Name),
            OtherColumns = [.. fields.Select(Root).Distinct().Except([Root(image), Root(label)])],
        };

        GpuCnnException Missing(string what, DataField[] all) => new(
            $"Parquet {DataFile.Quote(path)}: expected {what} as Hugging Face writes it, but got " +
                $"{string.Join(", ", all.Take(10).Select(field => field.Path.ToString()))}; name a file with image and label.");
    });

    /// <summary>Reads the images of a row group as encoded files; an empty file for a missing image.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or has changed since it was opened.</exception>
    public byte[][] ReadImages(int group)
    {
        Stamp.Check(Path);
        return Guard(Path, async () =>
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(Path);
            DataField image = reader.Schema.GetDataFields().First(field => field.Path.ToString() == _imagePath);
            using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
            using RawColumnData raw = await rows.ReadRawColumnDataBaseAsync(image);
            // Copy the bytes: the library owns the memory.
            return Rows((RawColumnData<ReadOnlyMemory<byte>>)raw, image, Labels[group].Length, static bytes => bytes.ToArray(), []);
        });
    }

    private static int Count(ParquetRowGroupReader rows, FileStamp stamp, string path) => rows.RowCount >= 0
        && rows.RowCount <= Math.Min(int.MaxValue, stamp.Length * MostRowsPerByte)
        ? (int)rows.RowCount : throw DataFile.Damaged("Parquet", path, "row groups within the file", $"one of {rows.RowCount:N0} rows");

    private static async Task<string[]> ReadLabels(ParquetRowGroupReader rows, DataField field, int count)
    {
        using RawColumnData raw = await rows.ReadRawColumnDataBaseAsync(field);
        return raw switch
        {
            RawColumnData<ReadOnlyMemory<char>> texts => Rows(texts, field, count, static text => text.ToString(), ""),
            RawColumnData<long> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<int> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<short> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<sbyte> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<byte> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<ushort> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<uint> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<ulong> numbers => Rows(numbers, field, count, Text, ""),
            RawColumnData<bool> flags => Rows(flags, field, count, static flag => flag ? "1" : "0", ""),
            _ => throw new InvalidDataException($"labels in {field.Path} are of type {field.ClrType.Name}, not whole numbers or text"),
        };

        static string Text<T>(T value) where T : IConvertible => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>One value per row. A column with missing values stores only the present ones.</summary>
    private static TResult[] Rows<T, TResult>(RawColumnData<T> column, DataField field, int count, Func<T, TResult> convert,
        TResult none) where T : struct
    {
        ReadOnlySpan<T> values = column.Values;
        ReadOnlySpan<int> levels = column.DefinitionLevels;
        bool mayBeMissing = field.MaxDefinitionLevel > 0;
        if (field.MaxRepetitionLevel > 0) throw new InvalidDataException($"{field.Path} has lists, not one value a row");
        if ((mayBeMissing ? levels.Length : values.Length) != count)
            throw new InvalidDataException($"{field.Path} has another number of rows");
        TResult[] rows = new TResult[count];
        int next = 0;
        for (int row = 0; row < count; row++) rows[row] = !mayBeMissing || levels[row] == field.MaxDefinitionLevel
            ? convert(values[next++]) : none;
        return rows;
    }

    /// <summary>The class names of each ClassLabel.</summary>
    private static Dictionary<string, string[]> ClassLabels(IReadOnlyDictionary<string, string>? metadata)
    {
        Dictionary<string, string[]> found = [];
        if (metadata is null || !metadata.TryGetValue("huggingface", out string? text)) return found;
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            foreach (JsonProperty feature in json.RootElement.GetProperty("info").GetProperty("features").EnumerateObject())
            {
                if (feature.Value.ValueKind == JsonValueKind.Object && feature.Value.TryGetProperty("names", out JsonElement names)
                    && names.ValueKind == JsonValueKind.Array)
                    found[feature.Name] = [.. names.EnumerateArray().Select(name => name.ToString())];
            }
        }
        // Without names, the labels are the class names.
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            found.Clear();
        }
        return found;
    }

    private static bool IsBytes(DataField field) => field.ClrType == typeof(ReadOnlyMemory<byte>) || field.ClrType == typeof(byte[]);

    private static string Root(DataField field) => field.Path.ToList()[0];

    /// <summary>Runs code that reads the file. For damaged content the library throws whatever its decoders run into.</summary>
    private static T Guard<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return DataFile.Guard(path, "read", () => read().GetAwaiter().GetResult());
        }
        catch (Exception e) when (e is not (GpuCnnException or OutOfMemoryException))
        {
            throw DataFile.Damaged("Parquet", path, "a Parquet file", e.Message.ReplaceLineEndings(" ").TrimEnd('.'), e);
        }
    }
}

/// <summary>The images of a row group, which are loaded together.</summary>
/// <param name="file">The file.</param>
/// <param name="group">Index of the row group.</param>
/// <param name="rows">The wanted rows, ascending.</param>
internal sealed class ParquetBlock(ParquetFile file, int group, IReadOnlyList<int> rows) : StreamBlock
{
    public override int Count => rows.Count;

    public override long Bytes => file.Bytes[group];

    public override bool IsReadWhole => true;

    public override FileStamp Stamp => file.Stamp;

    public override string Name(int index) => $"{file.Path}#{file.Labels.Take(group).Sum(labels => labels.Length) + rows[index]}";

    public override IEnumerator<StreamPiece> Read()
    {
        byte[][] images = file.ReadImages(group);
        foreach (int row in rows) yield return new StreamPiece(images[row], images[row].Length, IsRented: false);
    }
}
