using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// F(4, 3) at the points 0, +-5/8, +-3/2 and infinity: 36 products in place of the direct algorithm's 144. The usual points 0, +-1, +-2
/// cost as much and leave an error more than twice as large. These points are about the best multiples of 1/16, and the entries of B and A
/// made of them are exact in float32.
/// </summary>
internal readonly unsafe struct Winograd4 : IWinograd
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private const float A = 5f / 8, B = 3f / 2, A2 = A * A, B2 = B * B, A3 = A2 * A, B3 = B2 * B;

    // Scales the sum at a point to 1: 1 / (2 a^2 (a^2 - b^2)), and the same with a and b exchanged.
    private const float ScaleA = (float)(1 / (2.0 * A2 * (A2 - B2))), ScaleB = (float)(1 / (2.0 * B2 * (B2 - A2)));

    public static int Outputs => 4;

    public static int Points => 6;

    [MethodImpl(Inline)]
    public static void Input<T, TLine>(TLine d, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4];
        T minusA2 = T.Create(-A2), minusB2 = T.Create(-B2), minusSum = T.Create(-(A2 + B2)), product = T.Create(A2 * B2);
        T.Store(T.MultiplyAdd(product, d[0], T.MultiplyAdd(minusSum, d2, d4)), target);
        T even = T.MultiplyAdd(minusB2, d2, d4), odd = T.MultiplyAdd(minusB2, d1, d3);
        T.Store(T.MultiplyAdd(T.Create(A), odd, even), target + step);
        T.Store(T.MultiplyAdd(T.Create(-A), odd, even), target + 2 * step);
        even = T.MultiplyAdd(minusA2, d2, d4);
        odd = T.MultiplyAdd(minusA2, d1, d3);
        T.Store(T.MultiplyAdd(T.Create(B), odd, even), target + 3 * step);
        T.Store(T.MultiplyAdd(T.Create(-B), odd, even), target + 4 * step);
        T.Store(T.MultiplyAdd(product, d1, T.MultiplyAdd(minusSum, d3, d[5])), target + 5 * step);
    }

    [MethodImpl(Inline)]
    public static void Filter<T, TLine>(TLine g, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T g0 = g[0], g1 = g[1], g2 = g[2];
        T.Store(T.Create(1 / (A2 * B2)) * g0, target);
        T even = T.Create(ScaleA) * T.MultiplyAdd(T.Create(A2), g2, g0), odd = T.Create(ScaleA * A) * g1;
        T.Store(even + odd, target + step);
        T.Store(even - odd, target + 2 * step);
        even = T.Create(ScaleB) * T.MultiplyAdd(T.Create(B2), g2, g0);
        odd = T.Create(ScaleB * B) * g1;
        T.Store(even + odd, target + 3 * step);
        T.Store(even - odd, target + 4 * step);
        T.Store(g2, target + 5 * step);
    }

    [MethodImpl(Inline)]
    public static void Output<T, TLine>(TLine m, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T m1 = m[1], m2 = m[2], m3 = m[3], m4 = m[4];
        T sumA = m1 + m2, differenceA = m1 - m2, sumB = m3 + m4, differenceB = m3 - m4;
        T.Store(m[0] + sumA + sumB, target);
        T.Store(T.MultiplyAdd(T.Create(B), differenceB, T.Create(A) * differenceA), target + step);
        T.Store(T.MultiplyAdd(T.Create(B2), sumB, T.Create(A2) * sumA), target + 2 * step);
        T.Store(T.MultiplyAdd(T.Create(B3), differenceB, T.MultiplyAdd(T.Create(A3), differenceA, m[5])), target + 3 * step);
    }

    [MethodImpl(Inline)]
    public static void OutputGradient<T, TLine>(TLine dy, float* target, nint step)
        where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T y0 = dy[0], y1 = dy[1], y2 = dy[2], y3 = dy[3];
        T.Store(y0, target);
        T even = T.MultiplyAdd(T.Create(A2), y2, y0), odd = T.MultiplyAdd(T.Create(A3), y3, T.Create(A) * y1);
        T.Store(even + odd, target + step);
        T.Store(even - odd, target + 2 * step);
        even = T.MultiplyAdd(T.Create(B2), y2, y0);
        odd = T.MultiplyAdd(T.Create(B3), y3, T.Create(B) * y1);
        T.Store(even + odd, target + 3 * step);
        T.Store(even - odd, target + 4 * step);
        T.Store(y3, target + 5 * step);
    }

    [MethodImpl(Inline)]
    public static void FilterGradient<T, TLine>(TLine u, float* target, nint step)
        where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T u1 = u[1], u2 = u[2], u3 = u[3], u4 = u[4];
        T sumA = T.Create(ScaleA) * (u1 + u2), sumB = T.Create(ScaleB) * (u3 + u4);
        T.Store(T.MultiplyAdd(T.Create(1 / (A2 * B2)), u[0], sumA + sumB), target);
        T.Store(T.MultiplyAdd(T.Create(ScaleA * A), u1 - u2, T.Create(ScaleB * B) * (u3 - u4)), target + step);
        T.Store(T.MultiplyAdd(T.Create(A2), sumA, T.MultiplyAdd(T.Create(B2), sumB, u[5])), target + 2 * step);
    }
}
