using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y += x, four floats a thread. Memory-bound.</summary>
/// <param name="x">[count]</param>
/// <param name="y">[count]</param>
[Kernel(256)]
internal readonly partial struct AddInto(ReadOnlyView<float> x, View<float> y, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i + 4 <= count) y.Store4(i, y.Load4(i) + x.Load4(i));
        else
            for (; i < count; i++) y[i] += x[i];
    }
}
