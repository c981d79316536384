using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>Terms of a softmax's sum and its logarithm, as precise as float32 allows.</summary>
internal static class SoftmaxTerms
{
    /// <summary>Computes exp(x - largest), corrected for the rounding of the difference.</summary>
    public static float Exponential(float x, float largest)
    {
        TwoFloat difference = TwoFloat.Add(x, -largest);
        float exponential = KernelMath.Exp(difference.High);
        return KernelMath.FusedMultiplyAdd(exponential, difference.Low, exponential);
    }

    /// <summary>
    /// Computes log(1 + x) for x of 0 or more as x log(s) / (s - 1), where s is 1 + x rounded: the rounding errors cancel.
    /// </summary>
    public static float LogOfOnePlus(float x)
    {
        float sum = 1 + x;
        if (sum == 1) return x;
        float slope = KernelMath.Log(sum) / (sum - 1);
        return KernelMath.IsFinite(slope) ? x * slope : KernelMath.Log(sum);
    }
}
