using System.Numerics;

namespace GpuCnn.Engine.Distributed;

/// <summary>Adds floats of all ranks in their order, in float64, and rounds once.</summary>
internal static unsafe class RankAddition
{
    /// <summary>Sums that fit in the first cache beside the values.</summary>
    private const int Block = 1024;

    /// <summary>result[i] = values[0][i] + values[1][i] + …; the result may be one of them.</summary>
    /// <param name="values">[ranks] addresses of [count] floats.</param>
    public static void Add(float** values, int ranks, float* result, int count)
    {
        double* sums = stackalloc double[Block];
        for (int first = 0; first < count; first += Block)
        {
            int length = Math.Min(Block, count - first);
            new Span<double>(sums, length).Clear();
            for (int rank = 0; rank < ranks; rank++) AddTo(sums, values[rank] + first, length);
            Round(sums, result + first, length);
        }
    }

    private static void AddTo(double* sums, float* values, int length)
    {
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(values + i), out Vector<double> low, out Vector<double> high);
            Vector.Store(Vector.Load(sums + i) + low, sums + i);
            Vector.Store(Vector.Load(sums + i + Vector<double>.Count) + high, sums + i + Vector<double>.Count);
        }
        for (; i < length; i++) sums[i] += values[i];
    }

    private static void Round(double* sums, float* result, int length)
    {
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Narrow(Vector.Load(sums + i), Vector.Load(sums + i + Vector<double>.Count)), result + i);
        for (; i < length; i++) result[i] = (float)sums[i];
    }
}
