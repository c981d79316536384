using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Products of float32 by ordinary fused multiply-adds, from the stages that asynchronous copies fill for matrix units: each lane adds to
/// the sums that it has of its warp's. Every sum is added in the order of the reduction, so results are those of the register tiles, bit
/// for bit, where neither splits the reduction.
/// </summary>
/// <remarks>
/// A lane has 8 rows and 16 columns of a warp's 64 x 64 sums. For 4 steps of the reduction it loads 8 + 16 times 16 bytes and computes 512
/// multiply-adds, 21 for each load: 95 % of what a warp issues. Shared memory serves 8 lanes' loads of 16 bytes at a time, so a load takes
/// four wavefronts: 96 for 512 multiply-adds of a warp. Four warps compute at once and share one wavefront a cycle, so that shared memory
/// is busy for 75 % of the time, and for 6 % more with the copies. Lanes that load the same 16 bytes may cost less than that. (A register
/// tile's thread has 8 x 8 sums: 4 loads for 64 multiply-adds, which keep shared memory busy all the time by the same count, besides
/// stores, and a barrier for each 8 steps instead of 32.) Narrower tiles have 8 x 8 and 8 x 4 sums.
/// A thread of the largest tile has 128 sums, 32 floats of the left and 16 of the right in registers: two groups of 128 threads fill a
/// processor's registers, and 192 KiB of its shared memory.
/// </remarks>
internal static class LaneProducts
{
    /// <summary>Steps of the reduction whose left factors a lane holds.</summary>
    private const int Steps = 4;

    // A lane's rows, pairs of columns, and runs of four of both.
    private const int MostRows = 8, MostPairs = 8, RowRuns = 2, ColumnRuns = 4;

    /// <summary>Adds the products of a stage to the sums of the warp; the arguments are those of <see cref="UnitTile.Multiply"/>.</summary>
    /// <param name="left">[<see cref="UnitTile.Products"/>] A lane's rows of the left, [row][step]; overwritten.</param>
    public static void Multiply(
        Registers<float> sums, Registers<float> left, View<float> leftTile, View<float> rightTile, UnitSide sideA, UnitSide sideB)
    {
        // Not unrolled: 512 instructions multiply and add in each half of a round, and all of a stage's would not fit in their cache.
        for (int step = 0; step < UnitTile.Depth; step += 2 * Steps)
        {
            MultiplySteps(sums, left, leftTile, rightTile, sideA, sideB, step);
            MultiplySteps(sums, left, leftTile, rightTile, sideA, sideB, step + Steps);
        }
    }

    /// <summary>
    /// Returns the index of the 16 bytes that a lane loads: four lines of a step where the tile is along the lines, else four steps of a
    /// line.
    /// </summary>
    /// <param name="line">A multiple of 4 if the tile is along the lines.</param>
    /// <param name="step">A multiple of 4 if it is not.</param>
    public static int PlaceOf(UnitSide side, int line, int step) =>
        side.IsAlong ? side.Place(step, line >> 2) : side.Place(line, step >> 2);

    [Unroll]
    private static void MultiplySteps(
        Registers<float> sums, Registers<float> left, View<float> leftTile, View<float> rightTile, UnitSide sideA, UnitSide sideB, int step)
    {
        int warpM = sideA.Lines >> 1, warpN = sideB.Lines >> 1, lane = Warp.Lane;
        int row = UnitTile.Row(sideA.Lines), column = UnitTile.Column(sideB.Lines);
        if (sideA.IsAlong)
        {
            for (int k = 0; k < Steps; k++)
            {
                for (int run = 0; run < RowRuns; run++)
                {
                    if (32 * run < warpM)
                    {
                        Float4 lines = leftTile.Load4(PlaceOf(sideA, row + sideA.Row(lane, 4 * run), step + k));
                        left[16 * run + k] = lines.X;
                        left[16 * run + 4 + k] = lines.Y;
                        left[16 * run + 8 + k] = lines.Z;
                        left[16 * run + 12 + k] = lines.W;
                    }
                }
            }
        }
        else
        {
            for (int r = 0; r < MostRows; r++)
                if (8 * r < warpM) left.Store4(4 * r, leftTile.Load4(PlaceOf(sideA, row + sideA.Row(lane, r), step)));
        }
        if (sideB.IsAlong)
        {
            for (int k = 0; k < Steps; k++)
            {
                for (int run = 0; run < ColumnRuns; run++)
                {
                    if (16 * run < warpN)
                    {
                        Float4 lines = rightTile.Load4(PlaceOf(sideB, column + sideB.Column(lane, 2 * run), step + k));
                        for (int r = 0; r < MostRows; r++)
                        {
                            if (8 * r < warpM)
                            {
                                int at = IndexOf(r, 2 * run, warpN), further = IndexOf(r, 2 * run + 1, warpN);
                                float factor = left[4 * r + k];
                                sums[at] = KernelMath.FusedMultiplyAdd(factor, lines.X, sums[at]);
                                sums[at + 1] = KernelMath.FusedMultiplyAdd(factor, lines.Y, sums[at + 1]);
                                sums[further] = KernelMath.FusedMultiplyAdd(factor, lines.Z, sums[further]);
                                sums[further + 1] = KernelMath.FusedMultiplyAdd(factor, lines.W, sums[further + 1]);
                            }
                        }
                    }
                }
            }
        }
        else
        {
            for (int pair = 0; pair < MostPairs; pair++)
            {
                if (8 * pair < warpN)
                {
                    int line = column + sideB.Column(lane, pair);
                    Float4 first = rightTile.Load4(PlaceOf(sideB, line, step)), second = rightTile.Load4(PlaceOf(sideB, line + 1, step));
                    AddStep(sums, left, 0, first.X, second.X, pair, warpM, warpN);
                    AddStep(sums, left, 1, first.Y, second.Y, pair, warpM, warpN);
                    AddStep(sums, left, 2, first.Z, second.Z, pair, warpM, warpN);
                    AddStep(sums, left, 3, first.W, second.W, pair, warpM, warpN);
                }
            }
        }
    }

    /// <summary>Adds one step's products of all rows and a pair of columns.</summary>
    [Unroll]
    private static void AddStep(
        Registers<float> sums, Registers<float> left, int step, float first, float second, int pair, int warpM, int warpN)
    {
        for (int r = 0; r < MostRows; r++)
        {
            if (8 * r < warpM)
            {
                int at = IndexOf(r, pair, warpN);
                sums[at] = KernelMath.FusedMultiplyAdd(left[4 * r + step], first, sums[at]);
                sums[at + 1] = KernelMath.FusedMultiplyAdd(left[4 * r + step], second, sums[at + 1]);
            }
        }
    }

    /// <summary>Returns the index of a lane's two sums in its row <paramref name="row"/>.</summary>
    private static int IndexOf(int row, int pair, int warpN) => UnitTile.IndexOf(row >> 1, pair, warpN) + 2 * (row & 1);
}
