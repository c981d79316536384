using GpuCnn.Engine.Checkpoints.Pickle;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>A tensor of a file, read on request. Its shape is known before.</summary>
public sealed record StateTensor(IReadOnlyList<long> Shape, Func<Tensor> Read)
{
    public bool HasDimensions(IReadOnlyList<int> dimensions) => Shape.SequenceEqual(dimensions.Select(dimension => (long)dimension));

    public override string ToString() => SafetensorsHeader.Describe(Shape);
}

/// <summary>
/// Tensors by name from a file that does not name its model: a safetensors file, or what PyTorch's torch.save writes. Such files are
/// untrusted: nothing in them is run, and no memory is allocated for sizes that they only claim.
/// </summary>
public sealed class StateDict : IDisposable
{
    private const string Kind = "a safetensors file or one that torch.save wrote";

    private readonly IDisposable _file;

    private StateDict(string path, IReadOnlyDictionary<string, StateTensor> tensors, IDisposable file)
    {
        Path = path;
        LeftOut = [.. tensors.Keys.Where(StateDictNames.IsCounter)];
        Tensors = StateDictNames.Unwrap(tensors.Where(tensor => !StateDictNames.IsCounter(tensor.Key)).ToDictionary());
        _file = file;
    }

    public string Path { get; }

    /// <summary>Tensors by their names in the network: without the parts that wrappers of networks add.</summary>
    public IReadOnlyDictionary<string, StateTensor> Tensors { get; }

    /// <summary>Names of tensors that are no weights: counters, and the state of an optimizer.</summary>
    public IReadOnlyList<string> LeftOut { get; private init; }

    /// <summary>What else the state dict holds under a name, described.</summary>
    public IReadOnlyDictionary<string, string> Others { get; private init; } = new Dictionary<string, string>();

    /// <summary>Key of the state dict in a file that holds more than it; null if there is none.</summary>
    public string? Key { get; private init; }

    /// <summary>Keys of the file's other state dicts, which were not taken.</summary>
    public IReadOnlyList<string> OtherKeys { get; private init; } = [];

    /// <summary>Names of objects in the file that were neither made nor run, besides those of plain values; ten at most.</summary>
    public IReadOnlyList<string> Strangers { get; private init; } = [];

    /// <summary>Opens a file; its content tells the format.</summary>
    /// <param name="key">
    /// Which of several state dicts: its key, or keys joined by dots. Or what the names of the wanted tensors begin with, up to a dot. Null
    /// takes the usual one.
    /// </param>
    /// <exception cref="SeveralStateDictsException">There are several state dicts, and none is the usual one.</exception>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or holds no tensors by name.</exception>
    public static StateDict Open(string path, string? key = null)
    {
        NumberFile file = NumberFile.Open(path, Kind);
        try
        {
            var beginning = new byte[Math.Min(16, file.Length)];
            file.ReadExactly(beginning, 0);
            // The first eight bytes of a safetensors file are a length, which may look like another format's magic.
            bool isSafetensors = beginning is [_, _, _, _, 0, 0, 0, 0, (byte)'{', ..];
            if (!isSafetensors && TorchFile.IsOne(beginning))
            {
                TorchContents contents = TorchFile.Read(file, key);
                return new(path, contents.Key == key ? contents.Tensors : Below(key, contents.Tensors, contents, path), file)
                {
                    Others = contents.Others,
                    Key = contents.Key,
                    OtherKeys = contents.OtherKeys,
                    Strangers = contents.Strangers,
                };
            }
            if (!isSafetensors && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
                throw new GpuCnnException(
                    $"Expected {Kind}, but '{path}' begins with the bytes {Convert.ToHexString(beginning)}. "
                    + "Check that it is the right file.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        SafetensorsFile safetensors = SafetensorsFile.Open(path);
        try
        {
            return OfSafetensors(safetensors, key);
        }
        catch
        {
            safetensors.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static StateDict OfSafetensors(SafetensorsFile file, string? key)
    {
        // A checkpoint of this project's holds the optimizer's slots beside the weights.
        bool isOurs = ModelFile.IsOne(file);
        HashSet<string> slots = [.. file.Entries.Where(entry => isOurs && WeightsFile.IsState(entry.Name)).Select(entry => entry.Name)];
        Dictionary<string, StateTensor> tensors = file.Entries.Where(entry => !slots.Contains(entry.Name)).ToDictionary(
            entry => entry.Name, entry => new StateTensor(entry.Shape, () => file.ReadTensor(entry.Name)));
        var dict = new StateDict(file.Path, Below(key, tensors, null, file.Path), file);
        return slots.Count == 0 ? dict : new(file.Path, dict.Tensors, file) { LeftOut = [.. dict.LeftOut, .. slots] };
    }

    /// <summary>Takes the tensors whose names begin with a key and a dot, without both.</summary>
    private static IReadOnlyDictionary<string, StateTensor> Below(
        string? key, IReadOnlyDictionary<string, StateTensor> tensors, TorchContents? contents, string path)
    {
        if (string.IsNullOrEmpty(key)) return tensors;
        string prefix = key.TrimEnd('.') + ".";
        foreach (IReadOnlyDictionary<string, StateTensor> names in new[] { tensors, StateDictNames.Unwrap(tensors) })
        {
            Dictionary<string, StateTensor> found = names.Where(tensor => tensor.Key.StartsWith(prefix, StringComparison.Ordinal))
                .ToDictionary(tensor => tensor.Key[prefix.Length..], tensor => tensor.Value);
            if (found.Count > 0) return found;
        }
        IEnumerable<string> known = contents is { Key: { } chosen } ? [chosen, .. contents.OtherKeys]
            : tensors.Keys.Where(name => name.Contains('.', StringComparison.Ordinal))
                .Select(name => name[..name.IndexOf('.', StringComparison.Ordinal)]).Distinct().Order(StringComparer.Ordinal);
        throw new GpuCnnException(
            $"'{path}' expects a key of its state dicts or of its tensors' names ({string.Join(", ", known.Take(10)
                .Select(SafetensorsHeader.Quote))}), but got {SafetensorsHeader.Quote(key)}.");
    }
}
