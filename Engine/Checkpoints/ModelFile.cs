using System.Globalization;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>
/// A weights file: a safetensors file whose metadata names its model, so that evaluation and prediction need no other file. A checkpoint is
/// a weights file with more tensors and text entries, which hold the state of the training.
/// </summary>
public sealed class ModelFile
{
    /// <summary>Version of the metadata's meaning; raised when an older reader would misread a file.</summary>
    private const int Version = 1;

    private const string VersionKey = "gpucnn";

    /// <summary>Some loaders refuse a file whose metadata does not name a framework; "pt" means PyTorch's layout, NCHW and OIHW.</summary>
    private const string FormatKey = "format";

    private ModelFile(ModelMetadata metadata, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> extra)
    {
        Metadata = metadata;
        Tensors = tensors;
        Extra = extra;
    }

    public ModelMetadata Metadata { get; }

    /// <summary>All tensors of the file, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>Metadata entries that do not describe the model.</summary>
    public IReadOnlyDictionary<string, string> Extra { get; }

    /// <summary>Writes the whole file or nothing. The same input gives the same bytes.</summary>
    /// <param name="path">File in an existing folder.</param>
    /// <param name="metadata">Describes the model.</param>
    /// <param name="tensors">Tensors by unique name.</param>
    /// <param name="extra">More text entries; their keys must differ from the model's own.</param>
    /// <exception cref="GpuCnnException">The metadata contradicts itself, or the file cannot be written.</exception>
    public static void Save(
        string path, ModelMetadata metadata, IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? extra = null)
    {
        if (MetadataText.Fault(metadata) is { } fault)
            throw new GpuCnnException($"'{path}' cannot be written: {fault}. Correct the model's metadata.");
        Dictionary<string, string> entries = MetadataText.Write(metadata);
        entries[FormatKey] = "pt";
        entries[VersionKey] = Version.ToString(CultureInfo.InvariantCulture);
        foreach ((string key, string value) in extra ?? new Dictionary<string, string>())
            if (!entries.TryAdd(key, value)) throw new ArgumentException($"The entry '{key}' is the model's own; choose another key.");
        SafetensorsFile.Write(path, tensors, entries);
    }

    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or does not say which model it holds.</exception>
    public static ModelFile Load(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        ModelMetadata metadata = ReadMetadata(file);
        Dictionary<string, Tensor> tensors = [];
        foreach (SafetensorsEntry entry in file.Entries) tensors.Add(entry.Name, file.ReadTensor(entry.Name));
        var extra = file.Metadata.Where(m => m.Key is not (FormatKey or VersionKey) && !MetadataText.Keys.Contains(m.Key)).ToDictionary();
        return new ModelFile(metadata, tensors, extra);
    }

    /// <summary>Whether a safetensors file says that it is a weights file.</summary>
    internal static bool IsOne(SafetensorsFile file) => file.Metadata.ContainsKey(VersionKey);

    private static ModelMetadata ReadMetadata(SafetensorsFile file)
    {
        if (!file.Metadata.TryGetValue(VersionKey, out string? version))
            throw new NotAWeightsFileException(
                $"'{file.Path}' is a safetensors file but does not say which model it holds: expected the metadata entry '{VersionKey}', "
                + $"but got {(file.Metadata.Count == 0 ? "no metadata" : "only others")}.");
        if (version != Version.ToString(CultureInfo.InvariantCulture))
            throw new GpuCnnException(
                $"'{file.Path}' is a weights file of version {SafetensorsHeader.Quote(version)}; expected version {Version}. "
                + "Use the GpuCnn release that wrote it.");
        return MetadataText.TryRead(file.Metadata, out string fault) is { } metadata
            ? metadata
            : throw new NotAWeightsFileException(
                $"'{file.Path}' is a safetensors file but does not say which model it holds: {fault}.");
    }
}
