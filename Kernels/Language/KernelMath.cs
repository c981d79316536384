using System.Numerics;

namespace GpuCnn.Kernels.Language;

/// <summary>Mathematical functions for kernels. Devices use their own implementations, which differ from C#'s in the last bits.</summary>
public static class KernelMath
{
    public static float Abs(float x) => MathF.Abs(x);

    public static float Sqrt(float x) => MathF.Sqrt(x);

    public static float ReciprocalSqrt(float x) => 1 / MathF.Sqrt(x);

    public static float Cbrt(float x) => MathF.Cbrt(x);

    public static float Exp(float x) => MathF.Exp(x);

    public static float Exp2(float x) => MathF.Pow(2, x);

    public static float Log(float x) => MathF.Log(x);

    public static float Log2(float x) => MathF.Log2(x);

    public static float Log10(float x) => MathF.Log10(x);

    public static float Pow(float x, float y) => MathF.Pow(x, y);

    public static float Sin(float x) => MathF.Sin(x);

    public static float Cos(float x) => MathF.Cos(x);

    public static float Tan(float x) => MathF.Tan(x);

    public static float Asin(float x) => MathF.Asin(x);

    public static float Acos(float x) => MathF.Acos(x);

    public static float Atan(float x) => MathF.Atan(x);

    public static float Atan2(float y, float x) => MathF.Atan2(y, x);

    public static float Sinh(float x) => MathF.Sinh(x);

    public static float Cosh(float x) => MathF.Cosh(x);

    public static float Tanh(float x) => MathF.Tanh(x);

    public static float Floor(float x) => MathF.Floor(x);

    public static float Ceiling(float x) => MathF.Ceiling(x);

    public static float Truncate(float x) => MathF.Truncate(x);

    /// <summary>Rounds to the nearest integer, ties to even.</summary>
    public static float Round(float x) => MathF.Round(x);

    public static float CopySign(float x, float y) => MathF.CopySign(x, y);

    /// <summary>Computes x * y + z, rounded once.</summary>
    public static float FusedMultiplyAdd(float x, float y, float z) => MathF.FusedMultiplyAdd(x, y, z);

    /// <summary>Returns the larger, or NaN if either is NaN.</summary>
    public static float Max(float x, float y) => MathF.Max(x, y);

    /// <summary>Returns the smaller, or NaN if either is NaN.</summary>
    public static float Min(float x, float y) => MathF.Min(x, y);

    /// <summary>Returns the larger, or the other one if one is NaN. One instruction on a device.</summary>
    public static float MaxNumber(float x, float y) => float.MaxNumber(x, y);

    /// <summary>Returns the smaller, or the other one if one is NaN. One instruction on a device.</summary>
    public static float MinNumber(float x, float y) => float.MinNumber(x, y);

    public static bool IsNaN(float x) => float.IsNaN(x);

    public static bool IsInfinity(float x) => float.IsInfinity(x);

    public static bool IsFinite(float x) => float.IsFinite(x);

    public static double Abs(double x) => Math.Abs(x);

    public static double Sqrt(double x) => Math.Sqrt(x);

    public static double Exp(double x) => Math.Exp(x);

    public static double Log(double x) => Math.Log(x);

    public static double FusedMultiplyAdd(double x, double y, double z) => Math.FusedMultiplyAdd(x, y, z);

    public static int Max(int x, int y) => Math.Max(x, y);

    public static int Min(int x, int y) => Math.Min(x, y);

    public static uint Max(uint x, uint y) => Math.Max(x, y);

    public static uint Min(uint x, uint y) => Math.Min(x, y);

    public static long Max(long x, long y) => Math.Max(x, y);

    public static long Min(long x, long y) => Math.Min(x, y);

    /// <summary>Returns the upper 32 bits of the 64-bit product.</summary>
    public static uint MultiplyHigh(uint x, uint y) => (uint)((ulong)x * y >> 32);

    public static int PopCount(uint x) => BitOperations.PopCount(x);

    public static int LeadingZeroCount(uint x) => BitOperations.LeadingZeroCount(x);
}
