using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>Converts <see cref="ModelMetadata"/> to the text entries of a safetensors file and back; each number keeps its bits.</summary>
internal static class MetadataText
{
    private const string Model = "model", Input = "input", Classes = "classes", Mean = "mean", Std = "std", Fit = "fit",
        ResizeTo = "resize_to", Exif = "exif", Ignored = "ignored", Validated = "validated", Trained = "trained";
    private const int LargestSide = 65535;

    private static readonly string[] Required = [Model, Input, Classes, Mean, Std, Fit];

    public static readonly IReadOnlySet<string> Keys = new HashSet<string>([.. Required, ResizeTo, Exif, Validated, Trained]);

    public static Dictionary<string, string> Write(ModelMetadata metadata)
    {
        Dictionary<string, string> entries = WriteRequired(metadata);
        if (metadata.ResizeTo > 0) entries[ResizeTo] = metadata.ResizeTo.ToString(CultureInfo.InvariantCulture);
        if (metadata.IgnoresExif) entries[Exif] = Ignored;
        if (metadata.Validated is { } validated) entries[Validated] = validated.ToString();
        if (metadata.Trained is { } trained) entries[Trained] = trained.ToString();
        return entries;
    }

    private static Dictionary<string, string> WriteRequired(ModelMetadata metadata) => new()
    {
        [Model] = metadata.Model,
        [Input] = metadata.Input.ToString(),
        [Classes] = Array(metadata.Classes, static (json, name) => json.WriteStringValue(name)),
        // Utf8JsonWriter writes the shortest text that reads back as the same float.
        [Mean] = Array(metadata.Mean, static (json, value) => json.WriteNumberValue(value)),
        [Std] = Array(metadata.Std, static (json, value) => json.WriteNumberValue(value)),
        [Fit] = metadata.Fit.ToString().ToLowerInvariant(),
    };

    /// <summary>Returns the metadata, or null and what is wrong with the entries.</summary>
    public static ModelMetadata? TryRead(IReadOnlyDictionary<string, string> entries, out string fault)
    {
        fault = Required.FirstOrDefault(key => !entries.ContainsKey(key)) is { } missing ? $"the metadata entry '{missing}' is missing"
            : "";
        if (fault != "") return null;
        const string names = "a JSON array of names", numbers = "a JSON array of numbers", hashes = "a number, a colon and base64";
        if (!Shape.TryParse(entries[Input], out Shape input)) fault = Expected(Input, "CxHxW", entries);
        else if (!TryReadArray(entries[Classes], ReadText, out List<string> classes)) fault = Expected(Classes, names, entries);
        else if (!TryReadArray(entries[Mean], ReadNumber, out List<float> mean)) fault = Expected(Mean, numbers, entries);
        else if (!TryReadArray(entries[Std], ReadNumber, out List<float> std)) fault = Expected(Std, numbers, entries);
        else if (ParseFit(entries[Fit]) is not { } fit) fault = Expected(Fit, "pad or resize", entries);
        else if (!TryReadSide(entries, out int resizeTo)) fault = Expected(ResizeTo, $"a whole number from 1 to {LargestSide}", entries);
        else if (entries.TryGetValue(Exif, out string? exif) && exif != Ignored) fault = Expected(Exif, $"'{Ignored}'", entries);
        else if (!TryReadHashes(entries, Validated, out ImageHashes? validated)) fault = Expected(Validated, hashes, entries);
        else if (!TryReadHashes(entries, Trained, out ImageHashes? trained)) fault = Expected(Trained, hashes, entries);
        else
        {
            var metadata = new ModelMetadata(entries[Model], input, classes, mean, std, fit)
            {
                ResizeTo = resizeTo,
                IgnoresExif = entries.ContainsKey(Exif),
                Validated = validated,
                Trained = trained,
            };
            fault = Fault(metadata) ?? "";
            if (fault == "") return metadata;
        }
        return null;
    }

    /// <summary>Returns the first contradiction in the metadata, or null.</summary>
    public static string? Fault(ModelMetadata metadata)
    {
        int channels = metadata.Input.Channels;
        if (string.IsNullOrWhiteSpace(metadata.Model)) return "expected the name of a model, but got none";
        if (channels == 0) return "expected an input shape, but got none";
        if (metadata.Classes.Count == 0) return "expected at least one class, but got none";
        foreach ((string name, IReadOnlyList<float> values) in new[] { (Mean, metadata.Mean), (Std, metadata.Std) })
        {
            if (values.Count != channels)
                return $"expected {channels} values as {name} of input {metadata.Input}, but got {values.Count}";
            if (!values.All(float.IsFinite)) return $"expected finite numbers as {name}, but got {string.Join(", ", values.Take(8))}";
        }
        return metadata.Std.All(value => value > 0) ? null : $"expected std above 0, but got {string.Join(", ", metadata.Std.Take(8))}";
    }

    private static string Expected(string key, string what, IReadOnlyDictionary<string, string> entries) =>
        $"expected {what} as its metadata entry '{key}', but got {SafetensorsHeader.Quote(entries[key])}";

    private static ImageFit? ParseFit(string text) => text switch
    {
        "pad" => ImageFit.Pad,
        "resize" => ImageFit.Resize,
        _ => null,
    };

    private static bool TryReadSide(IReadOnlyDictionary<string, string> entries, out int side)
    {
        side = 0;
        return !entries.TryGetValue(ResizeTo, out string? text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is > 0 and <= LargestSide);
    }

    private static bool TryReadHashes(IReadOnlyDictionary<string, string> entries, string key, out ImageHashes? hashes)
    {
        hashes = null;
        return !entries.TryGetValue(key, out string? text) || (hashes = ImageHashes.TryParse(text)) is not null;
    }

    private static string Array<T>(IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            foreach (T item in items) write(json, item);
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static bool TryReadArray<T>(string text, Func<JsonElement, T> read, out List<T> items)
    {
        items = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            foreach (JsonElement element in document.RootElement.EnumerateArray()) items.Add(read(element));
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private static string ReadText(JsonElement element) => element.GetString() ?? throw new FormatException();

    private static float ReadNumber(JsonElement element) => element.GetSingle();
}
