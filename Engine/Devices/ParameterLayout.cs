using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Devices;

/// <summary>How a device stores a parameter: how many floats, and where each value of the tensor goes. Other floats are zero and stay zero.</summary>
/// <param name="Count">Floats as stored.</param>
/// <param name="IndexOf">Where the value at a row-major position of the tensor is stored.</param>
public sealed record ParameterLayout(int Count, Func<int, int> IndexOf)
{
    /// <summary>As the tensor is.</summary>
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
