using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Values stored with 16 bits: read, scaled in float, and rounded back.</summary>
[Kernel(16)]
public readonly partial struct HalfScale(ReadOnlyView<Float16> half, ReadOnlyView<BFloat16> brain, View<Float16> halfOut,
    View<BFloat16> brainOut, View<float> sum, float scale, int count)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        float a = half[i], b = brain[i];
        halfOut[i] = (Float16)(a * scale);
        brainOut[i] = (BFloat16)(b * scale);
        sum[i] = a + brain[i];
    }
}
