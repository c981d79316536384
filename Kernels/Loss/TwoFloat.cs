using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Sum as a float and its rounding error, with twice the digits of a float, for devices without float64. Requires that additions are
/// evaluated as written, which all devices do.
/// </summary>
internal readonly record struct TwoFloat(float High, float Low)
{
    public float Value => High + Low;

    public static TwoFloat operator +(TwoFloat a, float b)
    {
        TwoFloat sum = Add(a.High, b);
        return AddOrdered(sum.High, sum.Low + a.Low);
    }

    public static TwoFloat operator +(TwoFloat a, TwoFloat b)
    {
        TwoFloat sum = Add(a.High, b.High);
        return AddOrdered(sum.High, sum.Low + a.Low + b.Low);
    }

    /// <summary>Multiplies both parts, with the rounding error of the larger product.</summary>
    public TwoFloat Times(float factor)
    {
        float product = High * factor, lost = KernelMath.FusedMultiplyAdd(High, factor, -product);
        return new TwoFloat(product, KernelMath.IsFinite(product) ? KernelMath.FusedMultiplyAdd(Low, factor, lost) : 0);
    }

    /// <summary>Computes a + b without error. A sum that is not finite has error 0.</summary>
    public static TwoFloat Add(float a, float b)
    {
        float sum = a + b, part = sum - a, lost = a - (sum - part) + (b - part);
        return new TwoFloat(sum, KernelMath.IsFinite(sum) ? lost : 0);
    }

    /// <summary>Computes a + b without error if |a| is the larger, or 0.</summary>
    private static TwoFloat AddOrdered(float a, float b)
    {
        float sum = a + b;
        return new TwoFloat(sum, KernelMath.IsFinite(sum) ? b - (sum - a) : 0);
    }
}
