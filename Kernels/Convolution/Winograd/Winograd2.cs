using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>F(2, 3) at the points 0, +-1 and infinity: 16 products in place of the direct algorithm's 36.</summary>
internal readonly unsafe struct Winograd2 : IWinograd
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Outputs => 2;

    public static int Points => 4;

    [MethodImpl(Inline)]
    public static void Input<T, TLine>(TLine d, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T d1 = d[1], d2 = d[2];
        T.Store(d[0] - d2, target);
        T.Store(d1 + d2, target + step);
        T.Store(d2 - d1, target + 2 * step);
        T.Store(d[3] - d1, target + 3 * step);
    }

    [MethodImpl(Inline)]
    public static void Filter<T, TLine>(TLine g, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T g0 = g[0], g2 = g[2], half = T.Create(0.5f);
        T even = half * (g0 + g2), odd = half * g[1];
        T.Store(g0, target);
        T.Store(even + odd, target + step);
        T.Store(even - odd, target + 2 * step);
        T.Store(g2, target + 3 * step);
    }

    [MethodImpl(Inline)]
    public static void Output<T, TLine>(TLine m, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T m1 = m[1], m2 = m[2];
        T.Store(m[0] + m1 + m2, target);
        T.Store(m1 - m2 + m[3], target + step);
    }

    [MethodImpl(Inline)]
    public static void OutputGradient<T, TLine>(TLine dy, float* target, nint step)
        where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T y0 = dy[0], y1 = dy[1];
        T.Store(y0, target);
        T.Store(y0 + y1, target + step);
        T.Store(y0 - y1, target + 2 * step);
        T.Store(y1, target + 3 * step);
    }

    [MethodImpl(Inline)]
    public static void FilterGradient<T, TLine>(TLine u, float* target, nint step)
        where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>
    {
        T half = T.Create(0.5f), u1 = half * u[1], u2 = half * u[2], sum = u1 + u2;
        T.Store(u[0] + sum, target);
        T.Store(u1 - u2, target + step);
        T.Store(sum + u[3], target + 2 * step);
    }
}
