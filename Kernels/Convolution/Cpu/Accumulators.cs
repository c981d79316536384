using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Steps of the tiles on a row of accumulators: one broadcast value multiplies two vectors.</summary>
internal static class Accumulators
{
    /// <summary>Computes a += value u and b += value v.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<T>(float value, T u, T v, ref T a, ref T b) where T : unmanaged, ISimd<T>
    {
        T broadcast = T.Create(value);
        a = T.MultiplyAdd(broadcast, u, a);
        b = T.MultiplyAdd(broadcast, v, b);
    }
}
