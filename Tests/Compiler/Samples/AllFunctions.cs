using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>
/// Calls every function of the kernel language once, and vector operations: a dialect that lacks one does not compile this.
/// </summary>
[Kernel(1)]
public readonly partial struct AllFunctions(View<float> y, View<double> wide, View<int> whole, View<float> vectors, float x, float z,
    float none, double d, uint u, int i)
{
    public void Execute()
    {
        y[0] = KernelMath.Abs(-x);
        y[1] = KernelMath.Sqrt(x);
        y[2] = KernelMath.ReciprocalSqrt(x);
        y[3] = KernelMath.Cbrt(x);
        y[4] = KernelMath.Exp(x);
        y[5] = KernelMath.Exp2(x);
        y[6] = KernelMath.Log(x);
        y[7] = KernelMath.Log2(x);
        y[8] = KernelMath.Log10(x);
        y[9] = KernelMath.Pow(x, z);
        y[10] = KernelMath.Sin(x);
        y[11] = KernelMath.Cos(x);
        y[12] = KernelMath.Tan(x);
        y[13] = KernelMath.Asin(x / 2);
        y[14] = KernelMath.Acos(x / 2);
        y[15] = KernelMath.Atan(x);
        y[16] = KernelMath.Atan2(x, z);
        y[17] = KernelMath.Sinh(x);
        y[18] = KernelMath.Cosh(x);
        y[19] = KernelMath.Tanh(x);
        y[20] = KernelMath.Floor(-x);
        y[21] = KernelMath.Ceiling(-x);
        y[22] = KernelMath.Truncate(-x);
        y[23] = KernelMath.Round(x + 1.2f);
        y[24] = KernelMath.CopySign(x, -z);
        y[25] = KernelMath.FusedMultiplyAdd(x, z, 1);
        y[26] = KernelMath.Max(x, z);
        y[27] = KernelMath.Min(x, z);
        y[28] = KernelMath.MaxNumber(none, z);
        y[29] = KernelMath.MinNumber(x, none);
        y[30] = KernelMath.IsNaN(KernelMath.Max(none, x)) ? 1f : 0f;
        y[31] = KernelMath.IsNaN(KernelMath.Min(x, none)) ? 1f : 0f;
        y[32] = KernelMath.IsInfinity(x / 0) && !KernelMath.IsFinite(x / 0) && KernelMath.IsFinite(x) ? 1f : 0f;
        y[33] = Bits.ToSingle(Bits.ToUInt32(x) + 1u);
        wide[0] = KernelMath.Abs(-d);
        wide[1] = KernelMath.Sqrt(d);
        wide[2] = KernelMath.Exp(d);
        wide[3] = KernelMath.Log(d);
        wide[4] = KernelMath.FusedMultiplyAdd(d, d, 0.1);
        wide[5] = d % 0.7;
        whole[0] = KernelMath.Max(i, -3) + KernelMath.Min(i, -3);
        whole[1] = (int)(KernelMath.Max(u, 3u) - KernelMath.Min(u, 3u));
        whole[2] = (int)(KernelMath.Max((long)i, 7L) - KernelMath.Min((long)i, 7L));
        whole[3] = (int)KernelMath.MultiplyHigh(u, 0x9E3779B9u);
        whole[4] = KernelMath.PopCount(u) * 100 + KernelMath.LeadingZeroCount(u);
        Float4 four = vectors.Load4(0) * vectors.Load4(4) + new Float4(x, z, 1, 2) - vectors.Load4(4) * z;
        four.Y = 9;
        Float2 two = vectors.Load2(2) * 2 + new Float2(x, z) * vectors.Load2(0) - default(Float2);
        vectors.Store4(8, four);
        vectors.Store2(12, two);
    }
}
