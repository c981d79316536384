using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Computes C[m, n] = f(sum over k of A[m, k] B[k, n] + bias[n]) for a batch of matrices. Groups: x the tiles of C, the columns of a row of
/// tiles consecutive; z = batch * parts + part. The order of every sum follows from the shape and the tile.
/// </summary>
/// <param name="transposeA">Whether A is stored as [K][M] instead of [M][K].</param>
/// <param name="transposeB">Whether B is stored as [N][K] instead of [K][N].</param>
/// <param name="wideA">
/// Whether A is loaded four values at a time: its rows in memory, its pitch and its start are multiples of 4. Likewise for B, and for C
/// with the bias.
/// </param>
/// <param name="accumulate">Whether to add to C instead of overwriting it.</param>
/// <param name="gathers">
/// Whether to write the moments of the tile's columns to <paramref name="moments"/>. Requires one matrix in one part, no function and no
/// accumulation.
/// </param>
/// <param name="isBFloat16A">Whether A is stored as bfloat16. Likewise for B and C. Sums are floats, rounded as they are stored.</param>
/// <param name="gathersGradients">
/// Whether C = f'(v) sums is stored, or f'(v) (C + sums), and the sums of <see cref="GatheredGradients"/> are written to <paramref
/// name="moments"/>. Requires one matrix in one part.
/// </param>
/// <param name="isBFloat16Z">Whether <paramref name="inputs"/> is stored as bfloat16.</param>
/// <param name="bias">
/// [N]; the means of <paramref name="inputs"/> if gradients are gathered; any view if there is no bias.
/// </param>
/// <param name="scalars">[1] Gives the number of real images; any view if no moments are gathered.</param>
/// <param name="moments">[rows of tiles][3][N] as in <see cref="GatheredMoments"/>; any view if none are gathered.</param>
/// <param name="outputs">v, like C; any view if no gradients are gathered.</param>
/// <param name="inputs">z, like C; any view if no gradients are gathered.</param>
/// <param name="area">Rows of an image.</param>
[Kernel]
internal readonly partial struct Gemm<TFunction>(
    [Specialization(128)] int tileM, [Specialization(128)] int tileN, [Specialization(8)] int tileK, [Specialization(8)] int perM,
        [Specialization(8)] int perN,
    [Specialization] Flag transposeA, [Specialization] Flag transposeB, [Specialization] Flag wideA, [Specialization] Flag wideB,
        [Specialization] Flag wideC,
    [Specialization] Flag addBias, [Specialization] Flag accumulate, [Specialization] Flag gathers,
    [Specialization] Flag isBFloat16A, [Specialization] Flag isBFloat16B, [Specialization] Flag isBFloat16C,
    [Specialization] Flag gathersGradients, [Specialization] Flag isBFloat16Z,
    ReadOnlyView<float> a, ReadOnlyView<float> b, ReadOnlyView<float> bias, View<float> c, ReadOnlyView<StepScalars> scalars,
    View<float> moments, ReadOnlyView<float> outputs, ReadOnlyView<float> inputs, GemmShape shape, int area, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    public Size3 GroupShape => new(tileN / perN, tileM / perM);

    [Unroll]
    public void Execute()
    {
        View<float> left = Shared.Array<float>(2 * tileK * (tileM + TileSide.Padding)),
            right = Shared.Array<float>(2 * tileK * (tileN + TileSide.Padding));
        Registers<float> nextLeft = Local.Array<float>(tileM * tileK / (GroupSize.X * GroupSize.Y)),
            nextRight = Local.Array<float>(tileN * tileK / (GroupSize.X * GroupSize.Y));
        Registers<float> sums = Local.Array<float>(perM * perN);
        Registers<int> lines = Local.Array<int>(perM);
        var sideA = new TileSide(tileM, tileK, transposeA, wideA, isBFloat16A);
        var sideB = new TileSide(tileN, tileK, !transposeB, wideB, isBFloat16B);
        int threads = GroupSize.X * GroupSize.Y, own = 4 * (ThreadId.Y * GroupSize.X + ThreadId.X);
        int tilesN = TileShape.Tiles(shape.N, tileN), row = GroupId.X / tilesN * tileM, column = GroupId.X % tilesN * tileN;
        int batch = GroupId.Z / shape.Parts, part = GroupId.Z % shape.Parts;
        int startA = shape.StartA + batch * shape.StepA, startB = shape.StartB + batch * shape.StepB;
        int first = part * shape.PartDepth, end = KernelMath.Min(first + shape.PartDepth, shape.K);

        for (int i = 0; i < perM * perN; i++) sums[i] = 0;
        for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
            nextLeft.Store4(at / threads, sideA.Load(a, startA, shape.PitchA, at + own, row, shape.M, first, end));
        for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
            nextRight.Store4(at / threads, sideB.Load(b, startB, shape.PitchB, at + own, column, shape.N, first, end));
        int stage = 0;
        for (int step = first; step < end; step += tileK)
        {
            View<float> leftTile = left.Slice(stage * tileK * (tileM + TileSide.Padding)),
                rightTile = right.Slice(stage * tileK * (tileN + TileSide.Padding));
            for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                sideA.Store(leftTile, at + own, nextLeft.Load4(at / threads));
            for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                sideB.Store(rightTile, at + own, nextRight.Load4(at / threads));
            // Two stages need only one barrier: a thread that arrives here has read what the next round overwrites.
            Group.Barrier();
            // Prefetch the next tile while this step's products are added; load zeros past the end.
            for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                nextLeft.Store4(at / threads, sideA.Load(a, startA, shape.PitchA, at + own, row, shape.M, step + tileK, end));
            for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                nextRight.Store4(at / threads, sideB.Load(b, startB, shape.PitchB, at + own, column, shape.N, step + tileK, end));
            View<float> leftRun = leftTile.Slice(ThreadId.Y * 4), rightRun = rightTile.Slice(ThreadId.X * 4);
            for (int k = 0; k < tileK; k++)
                RegisterTile.Add(
                    sums, leftRun.Slice(k * (tileM + TileSide.Padding)), rightRun.Slice(k * (tileN + TileSide.Padding)),
                    perM, perN, tileM / 2, tileN / 2);
            stage = 1 - stage;
        }

        int target = shape.StartC + batch * shape.StepC + part * shape.PartStep;
        for (int i = 0; i < perM; i++)
        {
            int line = row + RegisterTile.Place(ThreadId.Y, i, tileM);
            lines[i] = line < shape.M ? target + line * shape.PitchC : -1;
        }
        int real = gathers || gathersGradients ? scalars[0].Images * area - row : 0;
        TileEpilogue.Store(
            new TileResult(tileM, tileN, addBias, accumulate, gathers, gathersGradients, wideC, isBFloat16C, isBFloat16Z),
            new TilePlace(column, shape.N, batch * shape.StepBias, GroupId.X / tilesN, real),
            perM, perN, sums, lines, left, right, c, bias, moments, outputs, inputs, function);
    }
}
