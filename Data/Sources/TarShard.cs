using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>An image in a shard.</summary>
/// <param name="Name">Name of the member.</param>
/// <param name="Member">Index among the members.</param>
/// <param name="Offset">Offset of its first byte in the file; -1 if the file is compressed.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="Label">The label as the shard states it.</param>
internal readonly record struct TarImage(string Name, int Member, long Offset, int Length, string Label);

/// <summary>
/// A tar archive of images, plain or gzip: samples in WebDataset's naming (members with the same key, which ends at the first dot of the
/// file name: <c>0001.jpg</c>, <c>0001.cls</c>), or images in class folders.
/// </summary>
internal sealed class TarShard
{
    /// <summary>A label is a number, a name, or JSON that contains one of these.</summary>
    private const int LongestLabel = 1 << 20, LongestImage = 1 << 29;

    private static readonly string[] LabelExtensions = ["cls", "cls.txt", "label", "label.txt"], LabelProperties = ["label", "cls",
        "class", "class_id"];

    private readonly List<TarImage> _images = [];
    private readonly List<string> _leftOut = [];

    private TarShard(string path) => (Path, Stamp) = (path, FileStamp.Of(path));

    public string Path { get; }

    public FileStamp Stamp { get; }

    public bool IsCompressed { get; private set; }

    public IReadOnlyList<TarImage> Images => _images;

    /// <summary>Members that are neither images, by their extension, nor labels.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    public static bool IsName(string path) =>
        new[] { ".tar", ".tar.gz", ".tgz" }.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>Lists the images with their labels; for a plain archive, reads the headers only.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or has an image without a label.</exception>
    public static TarShard Open(string path)
    {
        TarShard shard = new(path);
        Sample sample = new();
        int member = 0;
        foreach (TarEntry entry in shard.Entries())
        {
            int at = member++;
            if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes) continue;
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
            {
                shard._leftOut.Add($"{path}:{entry.Name}");
                continue;
            }
            (string key, string extension) = Split(entry.Name);
            if (IsHidden(entry.Name)) continue;
            if (key != sample.Key)
            {
                shard.Close(sample);
                sample = new Sample { Key = key };
            }
            if (ImageFile.HasReadableExtension(entry.Name) && sample.Image is null) sample.Image = new TarImage(entry.Name, at,
                shard.IsCompressed ? -1 : entry.DataOffset, shard.Length(entry), "");
            else if (LabelExtensions.Contains(extension)) sample.Label = shard.ReadText(entry).Trim();
            else if (extension == "json") sample.JsonLabel = FromJson(shard.ReadText(entry));
            else if (extension == "txt") sample.Text = entry.Length <= 256 ? shard.ReadText(entry).Trim() : null;
            else shard._leftOut.Add($"{path}:{entry.Name}");
        }
        shard.Close(sample);
        return shard;
    }

    /// <summary>The image's purpose according to a folder above its class folder; null if there is none.</summary>
    public static SplitName? PartOf(TarImage image)
    {
        string[] parts = image.Name.Split('/');
        return parts.SkipLast(2).Reverse().Select(part => SplitName.OfFolder(part)).FirstOrDefault(name => name is not null);
    }

    /// <summary>Reads the members in order. Each is valid until the next is asked for.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read or is damaged.</exception>
    public IEnumerable<TarEntry> Entries()
    {
        if (DataFile.IsEmpty(Path)) throw Damaged("a tar archive", "an empty file, a pipe or a device");
        using FileStream file = DataFile.Guard(Path, "read", () => new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read,
            1 << 16, FileOptions.SequentialScan));
        IsCompressed = Step(() => file.ReadByte()) == 0x1F && Step(() => file.ReadByte()) == 0x8B;
        file.Position = 0;
        using Stream? inflated = IsCompressed ? new GZipStream(file, CompressionMode.Decompress) : null;
        using TarReader reader = new(inflated ?? file);
        while (Step(() => reader.GetNextEntry()) is { } entry)
        {
            if (!IsCompressed && entry.Length > 0 && entry.DataOffset + entry.Length > file.Length)
                throw Damaged($"{entry.Length:N0} bytes of {DataFile.Quote(entry.Name)}",
                    $"{Math.Max(0, file.Length - entry.DataOffset):N0}");
            yield return entry;
        }
    }

    /// <summary>Runs a step of reading, and reports its failures on one line.</summary>
    public T Step<T>(Func<T> read)
    {
        try
        {
            return DataFile.Guard(Path, "read", read);
        }
        // TarReader and GZipStream throw these for damaged content. Guard handles failures of the file system.
        catch (Exception e) when (
            e is InvalidDataException or FormatException or ArgumentException or OverflowException or InvalidOperationException)
        {
            throw Damaged("a tar archive", e.Message.ReplaceLineEndings(" ").TrimEnd('.'), e);
        }
    }

    private GpuCnnException Damaged(string expected, string got, Exception? inner = null) => DataFile.Damaged("Tar", Path, expected, got,
        inner);

    private void Close(Sample sample)
    {
        if (sample.Image is not { } image) return;
        string[] parts = image.Name.Split('/');
        string? label = sample.Label ?? sample.JsonLabel ?? (parts.Length > 1 ? null : sample.Text) ?? (parts.Length > 1 ? parts[^2]
            : sample.Text);
        _images.Add(image with
        {
            Label = label ?? throw new GpuCnnException($"Tar {DataFile.Quote(Path)}: expected a label for {DataFile.Quote(image.Name)} " +
                $"({sample.Key}.cls, {sample.Key}.json, or a class folder), but got none; add it."),
        });
    }

    private int Length(TarEntry entry) => entry.Length <= LongestImage ? (int)entry.Length
        : throw Damaged($"images of at most {LongestImage:N0} bytes", $"{entry.Length:N0} for {DataFile.Quote(entry.Name)}");

    private string ReadText(TarEntry entry)
    {
        if (entry.Length > LongestLabel) throw Damaged($"a label of at most {LongestLabel:N0} bytes",
            $"{entry.Length:N0} for {DataFile.Quote(entry.Name)}");
        byte[] content = new byte[entry.Length];
        Step(() =>
        {
            // An empty member has no stream.
            entry.DataStream?.ReadExactly(content);
            return true;
        });
        return Encoding.UTF8.GetString(content);
    }

    private static string? FromJson(string text)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return null;
            foreach (string name in LabelProperties)
                if (json.RootElement.TryGetProperty(name, out JsonElement value)
                    && value.ValueKind is JsonValueKind.Number or JsonValueKind.String) return value.ToString();
            return null;
        }
        // The JSON may be a caption or a list of boxes. Without another label the sample is refused.
        catch (JsonException)
        {
            return null;
        }
    }

    private static (string Key, string Extension) Split(string name)
    {
        int slash = name.LastIndexOf('/'), dot = name.IndexOf('.', slash + 1);
        return dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..].ToLowerInvariant());
    }

    /// <summary>
    /// Whether it is a hidden file, such as macOS adds ("._0001.jpg"). A leading "./", from archiving a folder, is not hidden.
    /// </summary>
    private static bool IsHidden(string name) => name.Split('/').Any(part => part.Length > 1 && part[0] == '.' && part != "..");

    private sealed class Sample
    {
        public string Key { get; init; } = "";

        public TarImage? Image { get; set; }

        public string? Label { get; set; }

        public string? JsonLabel { get; set; }

        public string? Text { get; set; }
    }
}
