using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Layout;

/// <summary>Sets floats to a value, four a thread. Memory bound.</summary>
/// <param name="y">[count]; overwritten.</param>
[Kernel(256)]
public readonly partial struct Fill(View<float> y, float value, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i + 4 <= count) y.Store4(i, new Float4(value, value, value, value));
        else
            for (; i < count; i++) y[i] = value;
    }
}
