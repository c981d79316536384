using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

public readonly record struct Affine(float Scale, float Shift);

/// <summary>Views at an offset in a buffer, in a kernel whose own names are those that the offsets would get.</summary>
[Kernel(16)]
public readonly partial struct OffsetNames(ReadOnlyView<float> x, ReadOnlyView<byte> half, View<float> y, Affine affine,
    int x_offset, int n)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= n) return;
        float x_base = affine.Scale * x[i] + affine.Shift;
        if (x_offset > 0)
        {
            int half__base = half[i];
            x_base += half__base;
        }
        y[i] = x_base + x_offset;
    }
}
