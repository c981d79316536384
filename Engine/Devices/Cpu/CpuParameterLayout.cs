using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>How the CPU device stores a parameter: how many floats, and where each value of the tensor goes. Other floats are zero and stay zero.</summary>
/// <param name="Count">Floats as stored.</param>
/// <param name="IndexOf">Where the value at a row-major position of the tensor is stored.</param>
public sealed record CpuParameterLayout(int Count, Func<int, int> IndexOf)
{
    /// <summary>As the tensor is, with room for whole blocks of 8.</summary>
    public static CpuParameterLayout Plain(int count) => new(Kernels.Cpu.Blocks.RoundUp(count), index => index);

    internal unsafe void Store(Tensor tensor, float* target)
    {
        new Span<float>(target, Count).Clear();
        for (int i = 0; i < tensor.Values.Length; i++) target[IndexOf(i)] = tensor.Values[i];
    }

    internal unsafe void Load(float* source, Tensor tensor)
    {
        for (int i = 0; i < tensor.Values.Length; i++) tensor.Values[i] = source[IndexOf(i)];
    }
}
