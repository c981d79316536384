using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// A device's storage of a parameter: the number of floats, and the place of each value of the tensor. Other floats are zero and stay zero.
/// </summary>
/// <param name="Count">Floats as stored.</param>
/// <param name="IndexOf">Returns the storage index of a value from its row-major index in the tensor.</param>
public sealed record ParameterLayout(int Count, Func<int, int> IndexOf)
{
    /// <summary>Returns the layout of the tensor itself.</summary>
    public static ParameterLayout Plain(int count) => new(count, index => index);

    internal void Store(Tensor tensor, Span<float> target)
    {
        target.Clear();
        for (int i = 0; i < tensor.Values.Length; i++) target[IndexOf(i)] = tensor.Values[i];
    }

    internal void Load(ReadOnlySpan<float> source, Tensor tensor)
    {
        for (int i = 0; i < tensor.Values.Length; i++) tensor.Values[i] = source[IndexOf(i)];
    }
}
