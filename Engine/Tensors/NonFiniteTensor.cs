using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Tensors;

/// <summary>A tensor that holds values which are NaN or infinite.</summary>
/// <param name="Path">The tensor's path, such as conv1.weight.</param>
/// <param name="Value">The first such value.</param>
/// <param name="Count">How many values are NaN or infinite.</param>
/// <param name="Values">How many values the tensor has.</param>
public sealed record NonFiniteTensor(string Path, float Value, int Count, int Values)
{
    /// <summary>Describes a tensor; null if all of its values are finite.</summary>
    public static NonFiniteTensor? Of(string path, Tensor tensor)
    {
        int first = IndexIn(tensor.Values);
        return first < 0 ? null
            : new(path, tensor.Values[first], tensor.Values.Count(value => !float.IsFinite(value)), tensor.Values.Length);
    }

    /// <summary>Returns the first of several tensors that is not finite; null if all are. It reads no tensor after that.</summary>
    public static NonFiniteTensor? First(IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        tensors.Select(tensor => Of(tensor.Key, tensor.Value)).FirstOrDefault(found => found is not null);

    /// <summary>Returns the index of the first value that is NaN or infinite, or -1.</summary>
    public static int IndexIn(ReadOnlySpan<float> values)
    {
        // The bit patterns with all bits of the exponent set, first without a sign, then with one.
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        int positive = bits.IndexOfAnyInRange(0x7F80_0000u, 0x7FFF_FFFFu);
        int negative = (positive < 0 ? bits : bits[..positive]).IndexOfAnyInRange(0xFF80_0000u, 0xFFFF_FFFFu);
        return negative >= 0 ? negative : positive;
    }

    /// <summary>"conv1.weight holds NaN (3 of its 432 values are not finite)"</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Path} holds {Value} ({Count:N0} of its {Values:N0} values {(Count == 1 ? "is" : "are")} not finite)");
}
