using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// The tile of a product by matrix units: a group of four warps, two by two, computes tileM x tileN sums, each warp a quarter of them in
/// registers. Three stages of shared memory hold <see cref="Depth"/> floats of the reduction each; while one is multiplied, two are on
/// their way. The order of every sum follows from the shape and the tile.
/// </summary>
internal static class UnitTile
{
    /// <summary>Threads of a group: four warps.</summary>
    public const int Threads = 128;

    /// <summary>Floats of the reduction in a stage: 32 values of float32 or TF32, 64 of bfloat16.</summary>
    public const int Depth = 32;

    public const int Stages = 3;

    /// <summary>Padding floats after each row of sums in shared memory, so that a warp's pairs fall on different banks.</summary>
    public const int Padding = 8;

    /// <summary>
    /// Registers that products of <see cref="FactorType.SplitTF32"/> are added in, and factors of <see cref="FactorType.AsyncFloat32"/>
    /// are held in.
    /// </summary>
    public const int Products = 32;

    // A warp has at most 64 x 64 sums. A helper's loops are unrolled up to it.
    public const int MostRows = 4, MostColumns = 8, StepsOfStage = Depth / 8;

    /// <summary>Returns the floats of shared memory that the stages take. The sums fit there after the last of them.</summary>
    public static int SharedFloats(int tileM, int tileN) => Stages * Depth * (tileM + tileN);

    /// <summary>
    /// Returns whether matrix units can multiply such matrices: what they load is whole runs of 16 bytes.
    /// </summary>
    /// <param name="shape">M, N and K; what else is set differs from contiguous matrices.</param>
    public static bool Takes(GemmShape shape, bool transposeA, bool transposeB, FactorType factors)
    {
        int run = factors.PerLoad();
        return factors == FactorType.Float32
            || (transposeA ? shape.M : shape.K) % run == 0 && (transposeB ? shape.K : shape.N) % run == 0
            && shape.StartA % run == 0 && shape.StartB % run == 0 && shape.PitchA % run == 0 && shape.PitchB % run == 0
            && shape.StepA % run == 0 && shape.StepB % run == 0;
    }

    /// <summary>Returns the first row in the tile of the sums of the calling thread's warp.</summary>
    public static int Row(int tileM) => (ThreadId.X >> 5 & 1) * (tileM >> 1);

    /// <summary>Returns the first column in the tile of the sums of the calling thread's warp.</summary>
    public static int Column(int tileN) => (ThreadId.X >> 6) * (tileN >> 1);

    /// <summary>
    /// Starts to copy a stage of a matrix to a shared tile, with zeros outside the matrix. Sizes count values; what lies contiguous in
    /// memory (start, pitch, and lines or the end of the reduction) is a multiple of 16 bytes.
    /// </summary>
    /// <param name="start">Start of the matrix.</param>
    /// <param name="pitch">Values from one row of the matrix in memory to the next.</param>
    /// <param name="line">Line of the matrix at which the tile starts.</param>
    /// <param name="lines">Number of lines in the matrix.</param>
    /// <param name="step">Step of the reduction at which the tile starts.</param>
    /// <param name="end">End of the reduction.</param>
    [Unroll]
    public static void Copy(View<float> tile, ReadOnlyView<float> matrix, UnitSide side, int start, int pitch, int line, int lines,
        int step, int end)
    {
        int firstRow = side.IsAlong ? step : line, rows = side.IsAlong ? end : lines;
        int firstFloat = side.Floats(side.IsAlong ? line : step), floats = side.Floats(side.IsAlong ? lines : end);
        for (int i = 0; i < 8; i++)
        {
            if (16 * i < side.Lines)
            {
                int element = Threads * i + ThreadId.X, row = element / side.RowRuns, run = element % side.RowRuns;
                int atRow = firstRow + row, atFloat = firstFloat + 4 * run;
                AsyncCopy.Copy4(
                    tile, side.Place(row, run), matrix, side.Floats(start) + atRow * side.Floats(pitch) + atFloat,
                    atRow < rows && atFloat < floats);
            }
        }
    }

    /// <summary>
    /// Adds the products of a stage to the sums of the warp, of TF32 or bfloat16. All threads of the group call it. Kernels choose between
    /// this, <see cref="SplitProducts"/> and <see cref="LaneProducts"/>: they know which when they are compiled, and what they do not call
    /// takes no time.
    /// </summary>
    /// <param name="sums">
    /// [tileM / 2 / 16][tileN / 2 / 8][4]: a block of 16 x 8 has four values in each lane, two of its row 2 i and two of its row 2 i + 1;
    /// <see cref="UnitSide.Row"/> and <see cref="UnitSide.Column"/> say where these are.
    /// </param>
    /// <param name="left">Fragments of the left tile: [tileM / 2 / 16][4]; overwritten.</param>
    /// <param name="right">Fragments of the right tile: [tileN / 2 / 8][2]; overwritten.</param>
    [Unroll]
    public static void Multiply(
        Registers<float> sums, Registers<uint> left, Registers<uint> right, View<float> leftTile, View<float> rightTile, UnitSide sideA,
            UnitSide sideB)
    {
        int warpM = sideA.Lines >> 1, warpN = sideB.Lines >> 1, row = Row(sideA.Lines), column = Column(sideB.Lines);
        for (int step = 0; step < StepsOfStage; step++)
        {
            for (int i = 0; i < MostRows; i++)
                if (16 * i < warpM) UnitFragments.LoadLeft(left.Slice(4 * i), leftTile, sideA, row + 16 * i, step);
            for (int j = 0; j < MostColumns; j += 2)
                if (8 * j < warpN) UnitFragments.LoadRight(right.Slice(2 * j), rightTile, sideB, column + 8 * j, step);
            for (int i = 0; i < MostRows; i++)
            {
                for (int j = 0; j < MostColumns; j++)
                {
                    if (16 * i < warpM && 8 * j < warpN)
                    {
                        if (sideA.IsBFloat16)
                            MatrixUnit.MultiplyBFloat16(sums.Slice(IndexOf(i, j, warpN)), left.Slice(4 * i), right.Slice(2 * j));
                        else MatrixUnit.MultiplyTF32(sums.Slice(IndexOf(i, j, warpN)), left.Slice(4 * i), right.Slice(2 * j));
                    }
                }
            }
        }
    }

    /// <summary>
    /// Writes the sums to shared memory, [tileM][tileN + <see cref="Padding"/>], where threads of other warps read them after a barrier.
    /// </summary>
    /// <param name="shared">No longer read as stages by any thread.</param>
    [Unroll]
    public static void Spread(Registers<float> sums, View<float> shared, UnitSide sideA, UnitSide sideB)
    {
        int warpM = sideA.Lines >> 1, warpN = sideB.Lines >> 1, pitch = sideB.Lines + Padding, lane = Warp.Lane;
        int place = Row(sideA.Lines) * pitch + Column(sideB.Lines);
        for (int i = 0; i < MostRows; i++)
        {
            for (int j = 0; j < MostColumns; j++)
            {
                if (16 * i < warpM && 8 * j < warpN)
                {
                    int at = IndexOf(i, j, warpN), to = place + sideB.Column(lane, j);
                    shared.Store2(to + sideA.Row(lane, 2 * i) * pitch, new Float2(sums[at], sums[at + 1]));
                    shared.Store2(to + sideA.Row(lane, 2 * i + 1) * pitch, new Float2(sums[at + 2], sums[at + 3]));
                }
            }
        }
    }

    /// <summary>Returns the index of a lane's four sums in its rows 2 i and 2 i + 1 and its pair of columns j.</summary>
    public static int IndexOf(int i, int j, int warpN) => 4 * (i * (warpN >> 3) + j);
}
