using System.Collections.Frozen;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>One tensor of a safetensors file, described by its header.</summary>
/// <param name="Name">Unique in the file.</param>
/// <param name="Type">The format's name of the element type: F32, BF16, I64 and so on.</param>
/// <param name="Shape">Empty for a scalar; a tensor with a dimension of 0 has no data.</param>
/// <param name="Begin">Offset of the first byte, from the end of the header.</param>
/// <param name="End">Offset past the last byte.</param>
public sealed record SafetensorsEntry(string Name, string Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Bits of one element, by the format's type names. Types smaller than one byte are packed.</summary>
    internal static readonly FrozenDictionary<string, int> BitsOfType = new Dictionary<string, int>
    {
        ["BOOL"] = 8,
        ["U8"] = 8,
        ["I8"] = 8,
        ["F8_E4M3"] = 8,
        ["F8_E5M2"] = 8,
        ["F8_E8M0"] = 8,
        ["F4"] = 4,
        ["F6_E2M3"] = 6,
        ["F6_E3M2"] = 6,
        ["U16"] = 16,
        ["I16"] = 16,
        ["F16"] = 16,
        ["BF16"] = 16,
        ["U32"] = 32,
        ["I32"] = 32,
        ["F32"] = 32,
        ["U64"] = 64,
        ["I64"] = 64,
        ["F64"] = 64,
        ["C64"] = 64,
    }.ToFrozenDictionary();

    public long ByteCount => End - Begin;

    /// <summary>Whether the type can be read as float32.</summary>
    public bool IsNumeric => StoredNumbers.IsKnown(Type);
}
