using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

public enum Curve
{
    Identity,
    ReLU,
    Sigmoid = 5,
}

/// <summary>y = curve(scale * x + shift): a pointwise kernel whose curve is compiled in.</summary>
[Kernel(64)]
public readonly partial struct ScaleShift(
    [Specialization] Curve curve, [Specialization] float slope, ReadOnlyView<float> x, View<float> y, float scale, float shift, int count)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        y[i] = Apply(scale * x[i] + shift, curve, slope);
    }

    private static float Apply(float x, Curve curve, float slope) => curve switch
    {
        Curve.ReLU => x > 0 ? x : slope * x,
        Curve.Sigmoid => 1 / (1 + KernelMath.Exp(-x)),
        _ => x,
    };
}
