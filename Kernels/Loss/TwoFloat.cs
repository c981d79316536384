using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// A sum as a float and what its roundings lost: twice the digits of a float, for devices that have no float64. Needs additions to be done
/// as they are written, which all of them do.
/// </summary>
public readonly record struct TwoFloat(float High, float Low)
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

    /// <summary>a + b without loss; one that is not finite has lost nothing.</summary>
    public static TwoFloat Add(float a, float b)
    {
        float sum = a + b, part = sum - a, lost = a - (sum - part) + (b - part);
        return new TwoFloat(sum, KernelMath.IsFinite(sum) ? lost : 0);
    }

    /// <summary>a + b without loss where a is the larger of them, or 0.</summary>
    private static TwoFloat AddOrdered(float a, float b)
    {
        float sum = a + b;
        return new TwoFloat(sum, KernelMath.IsFinite(sum) ? b - (sum - a) : 0);
    }
}
