using System.Buffers.Binary;
using System.Collections.Frozen;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>
/// Converts the number types of files to float32, by safetensors' names: F16 and BF16 exactly, the others to the nearest value.
/// </summary>
internal static class StoredNumbers
{
    private static readonly FrozenDictionary<string, Func<ReadOnlySpan<byte>, float>> Converters =
        new Dictionary<string, Func<ReadOnlySpan<byte>, float>>
        {
            ["F32"] = BinaryPrimitives.ReadSingleLittleEndian,
            ["F16"] = static bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            ["BF16"] = static bytes => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
            ["F64"] = static bytes => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ["I64"] = static bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            ["U64"] = static bytes => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            ["I32"] = static bytes => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ["U32"] = static bytes => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            ["I16"] = static bytes => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            ["U16"] = static bytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            ["I8"] = static bytes => (sbyte)bytes[0],
            ["U8"] = static bytes => bytes[0],
            ["BOOL"] = static bytes => bytes[0] == 0 ? 0 : 1,
        }.ToFrozenDictionary();

    public static bool IsKnown(string type) => Converters.ContainsKey(type);

    public static Func<ReadOnlySpan<byte>, float> Converter(string type) => Converters[type];
}
