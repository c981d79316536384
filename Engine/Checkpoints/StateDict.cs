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
    // Prefixes of models that were wrapped for several GPUs, or compiled.
    private static readonly string[] Wrappers = ["module.", "_orig_mod."];

    private const string Kind = "a safetensors file or one that torch.save wrote";

    private readonly IDisposable _file;

    private StateDict(string path, IReadOnlyDictionary<string, StateTensor> tensors, IDisposable file)
    {
        Path = path;
        // One wrapper may contain the other.
        for (int depth = 0; depth < Wrappers.Length; depth++)
        {
            string? prefix = Wrappers.FirstOrDefault(
                wrapper => tensors.Count > 0 && tensors.Keys.All(name => name.StartsWith(wrapper, StringComparison.Ordinal)));
            if (prefix is not null) tensors = tensors.ToDictionary(tensor => tensor.Key[prefix.Length..], tensor => tensor.Value);
        }
        Tensors = tensors;
        _file = file;
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, StateTensor> Tensors { get; }

    /// <summary>Opens a file; its content tells the format.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or refers to more than tensors.</exception>
    public static StateDict Open(string path)
    {
        NumberFile file = NumberFile.Open(path, Kind);
        try
        {
            var beginning = new byte[Math.Min(16, file.Length)];
            file.ReadExactly(beginning, 0);
            // The first eight bytes of a safetensors file are a length, which may look like another format's magic.
            bool isSafetensors = beginning is [_, _, _, _, 0, 0, 0, 0, (byte)'{', ..];
            if (!isSafetensors && TorchFile.IsOne(beginning)) return new(path, TorchFile.Read(file), file);
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
        Dictionary<string, StateTensor> tensors = safetensors.Entries.ToDictionary(
            entry => entry.Name, entry => new StateTensor(entry.Shape, () => safetensors.ReadTensor(entry.Name)));
        return new(path, tensors, safetensors);
    }

    public void Dispose() => _file.Dispose();
}
