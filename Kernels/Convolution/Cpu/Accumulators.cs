using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>What the tiles do with a row of accumulators: two vectors that one broadcast value meets.</summary>
internal static class Accumulators
{
    /// <summary>a += value u, b += value v</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<T>(float value, T u, T v, ref T a, ref T b) where T : unmanaged, ISimd<T>
    {
        T broadcast = T.Create(value);
        a = T.MultiplyAdd(broadcast, u, a);
        b = T.MultiplyAdd(broadcast, v, b);
    }
}
