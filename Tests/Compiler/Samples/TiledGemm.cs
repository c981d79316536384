using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>
/// c[m, n] = a[m, k] b[k, n]: shared tiles of a (transposed) and b, 4x4 values per thread in registers, loads and stores of four floats.
/// Sizes are multiples of the tiles'.
/// </summary>
[Kernel]
public readonly partial struct TiledGemm(
    [Specialization] int tile, [Specialization] int depth, ReadOnlyView<float> a, ReadOnlyView<float> b, View<float> c, int n, int k)
{
    private const int PerThread = 4;

    public Size3 GroupShape => new(tile / PerThread, tile / PerThread);

    [Unroll]
    public void Execute()
    {
        View<float> tileA = Shared.Array<float>(depth * tile), tileB = Shared.Array<float>(depth * tile);
        Registers<float> sums = Local.Array<float>(PerThread * PerThread);
        int threads = GroupSize.X * GroupSize.Y, thread = ThreadId.Y * GroupSize.X + ThreadId.X;
        int row = GroupId.Y * tile, column = GroupId.X * tile;
        for (int i = 0; i < PerThread * PerThread; i++) sums[i] = 0;
        for (int start = 0; start < k; start += depth)
        {
            for (int at = thread * 4; at < depth * tile; at += threads * 4)
            {
                Float4 values = a.Load4((row + at / depth) * k + start + at % depth);
                int to = at % depth * tile + at / depth;
                tileA[to] = values.X;
                tileA[to + tile] = values.Y;
                tileA[to + 2 * tile] = values.Z;
                tileA[to + 3 * tile] = values.W;
                tileB.Store4(at, b.Load4((start + at / tile) * n + column + at % tile));
            }
            Group.Barrier();
            for (int i = 0; i < depth; i++)
                Accumulate(sums, tileA.Load4(i * tile + ThreadId.Y * PerThread), tileB.Load4(i * tile + ThreadId.X * PerThread));
            Group.Barrier();
        }
        for (int i = 0; i < PerThread; i++)
        {
            int to = (row + ThreadId.Y * PerThread + i) * n + column + ThreadId.X * PerThread;
            c.Store4(to, new Float4(sums[4 * i], sums[4 * i + 1], sums[4 * i + 2], sums[4 * i + 3]));
        }
    }

    private static void Accumulate(Registers<float> sums, Float4 a, Float4 b)
    {
        AccumulateRow(sums.Slice(0), a.X, b);
        AccumulateRow(sums.Slice(4), a.Y, b);
        AccumulateRow(sums.Slice(8), a.Z, b);
        AccumulateRow(sums.Slice(12), a.W, b);
    }

    private static void AccumulateRow(Registers<float> sums, float a, Float4 b)
    {
        sums[0] = KernelMath.FusedMultiplyAdd(a, b.X, sums[0]);
        sums[1] = KernelMath.FusedMultiplyAdd(a, b.Y, sums[1]);
        sums[2] = KernelMath.FusedMultiplyAdd(a, b.Z, sums[2]);
        sums[3] = KernelMath.FusedMultiplyAdd(a, b.W, sums[3]);
    }
}
