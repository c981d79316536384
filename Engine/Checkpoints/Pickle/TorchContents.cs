namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>The state dict that was taken from a PyTorch file.</summary>
/// <param name="Tensors">Tensors by name; their numbers are not read yet.</param>
/// <param name="Others">What else the dict holds, by name, described.</param>
/// <param name="Key">Key of the dict in the file; null if the file is the dict, or if the key that was asked for is none.</param>
/// <param name="OtherKeys">Keys of the file's other state dicts.</param>
/// <param name="Strangers">Names of objects that were not made, besides those of plain values; ten at most.</param>
internal sealed record TorchContents(
    IReadOnlyDictionary<string, StateTensor> Tensors, IReadOnlyDictionary<string, string> Others, string? Key,
    IReadOnlyList<string> OtherKeys, IReadOnlyList<string> Strangers);
