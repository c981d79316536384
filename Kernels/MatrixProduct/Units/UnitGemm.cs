using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Computes C[m, n] = f(sum over k of A[m, k] B[k, n] + bias[n]) for a batch of matrices, by matrix units. Groups: x the tiles of C, the
/// columns of a row of tiles consecutive; z = batch * parts + part. The order of every sum follows from the shape and the tile.
/// </summary>
/// <param name="factors">What is multiplied. It says whether A and B are stored as bfloat16; else they are floats.</param>
/// <param name="transposeA">Whether A is stored as [K][M] instead of [M][K].</param>
/// <param name="transposeB">Whether B is stored as [N][K] instead of [K][N].</param>
/// <param name="wideC">Whether C and the bias are accessed four values at a time: columns, pitch and starts are multiples of 4.</param>
/// <param name="roundC">Whether C is stored as bfloat16.</param>
/// <param name="accumulate">Whether to add to C instead of overwriting it.</param>
/// <param name="gathers">
/// Whether to write the moments of the tile's columns to <paramref name="moments"/>. Requires one matrix in one part, no function and no
/// accumulation.
/// </param>
/// <param name="gathersGradients">
/// Whether C = f'(v) sums is stored, or f'(v) (C + sums), and the sums of <see cref="GatheredGradients"/> are written to <paramref
/// name="moments"/>. Requires one matrix in one part, and no bias.
/// </param>
/// <param name="isBFloat16Z">Whether <paramref name="inputs"/> is stored as bfloat16.</param>
/// <param name="a">Start, pitch, step and the contiguous size are multiples of 16 bytes; likewise for b.</param>
/// <param name="bias">
/// [N]; the means of <paramref name="inputs"/> if gradients are gathered; any view if there is no bias.
/// </param>
/// <param name="scalars">[1] Gives the number of real images; any view if no moments are gathered.</param>
/// <param name="moments">[rows of tiles][3][N] as in <see cref="GatheredMoments"/>; any view if none are gathered.</param>
/// <param name="outputs">v, like C; any view if no gradients are gathered.</param>
/// <param name="inputs">z, like C; any view if no gradients are gathered.</param>
/// <param name="area">Rows of an image.</param>
[Kernel(UnitTile.Threads)]
internal readonly partial struct UnitGemm<TFunction>(
    [Specialization(128)] int tileM, [Specialization(128)] int tileN, [Specialization(1)] FactorType factors,
    [Specialization] Flag transposeA, [Specialization] Flag transposeB, [Specialization(1)] Flag wideC, [Specialization] Flag roundC,
    [Specialization] Flag addBias, [Specialization] Flag accumulate, [Specialization] Flag gathers,
    [Specialization] Flag gathersGradients, [Specialization] Flag isBFloat16Z,
    ReadOnlyView<float> a, ReadOnlyView<float> b, ReadOnlyView<float> bias, View<float> c, ReadOnlyView<StepScalars> scalars,
    View<float> moments, ReadOnlyView<float> outputs, ReadOnlyView<float> inputs, GemmShape shape, int area, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    public int SharedBytes => 4 * (UnitTile.SharedFloats(tileM, tileN) + tileM);

    [Unroll]
    public void Execute()
    {
        View<float> shared = Shared.Array<float>(UnitTile.Stages * UnitTile.Depth * (tileM + tileN));
        View<int> lines = Shared.Array<int>(tileM);
        Registers<float> sums = Local.Array<float>(tileM * tileN / UnitTile.Threads);
        Registers<float> loads = Local.Array<float>(UnitEpilogue.Floats);
        Registers<uint> left = Local.Array<uint>(tileM / 8), right = Local.Array<uint>(tileN / 4);
        Registers<float> products = Local.Array<float>(UnitTile.Products);
        var sideA = new UnitSide(tileM, transposeA, factors);
        var sideB = new UnitSide(tileN, !transposeB, factors);
        int depth = factors == FactorType.BFloat16 ? 2 * UnitTile.Depth : UnitTile.Depth, stageFloats = UnitTile.Depth * (tileM + tileN);
        int tilesN = TileShape.Tiles(shape.N, tileN), row = GroupId.X / tilesN * tileM, column = GroupId.X % tilesN * tileN;
        int batch = GroupId.Z / shape.Parts, part = GroupId.Z % shape.Parts;
        int startA = shape.StartA + batch * shape.StepA, startB = shape.StartB + batch * shape.StepB;
        int first = part * shape.PartDepth, end = KernelMath.Min(first + shape.PartDepth, shape.K);
        int steps = TileShape.Tiles(end - first, depth);
        int target = shape.StartC + batch * shape.StepC + part * shape.PartStep;

        // Read after the barriers of the reduction.
        if (ThreadId.X < tileM) lines[ThreadId.X] = row + ThreadId.X < shape.M ? target + (row + ThreadId.X) * shape.PitchC : -1;

        for (int i = 0; i < tileM * tileN / UnitTile.Threads; i++) sums[i] = 0;
        for (int i = 0; i < UnitTile.Stages - 1; i++)
        {
            if (i < steps)
            {
                View<float> to = shared.Slice(i * stageFloats);
                UnitTile.Copy(to, a, sideA, startA, shape.PitchA, row, shape.M, first + i * depth, end);
                UnitTile.Copy(
                    to.Slice(UnitTile.Depth * tileM), b, sideB, startB, shape.PitchB, column, shape.N, first + i * depth, end);
            }
            AsyncCopy.Commit();
        }
        int stage = 0, next = UnitTile.Stages - 1;
        for (int step = 0; step < steps; step++)
        {
            AsyncCopy.Wait(UnitTile.Stages - 2);
            // A thread that arrives here has read the stage that the copies below overwrite.
            Group.Barrier();
            if (step + UnitTile.Stages - 1 < steps)
            {
                View<float> to = shared.Slice(next * stageFloats);
                int at = first + (step + UnitTile.Stages - 1) * depth;
                UnitTile.Copy(to, a, sideA, startA, shape.PitchA, row, shape.M, at, end);
                UnitTile.Copy(to.Slice(UnitTile.Depth * tileM), b, sideB, startB, shape.PitchB, column, shape.N, at, end);
            }
            AsyncCopy.Commit();
            View<float> tile = shared.Slice(stage * stageFloats), further = tile.Slice(UnitTile.Depth * tileM);
            if (factors == FactorType.SplitTF32) SplitProducts.Multiply(sums, left, right, products, tile, further, sideA, sideB);
            else if (factors == FactorType.AsyncFloat32) LaneProducts.Multiply(sums, products, tile, further, sideA, sideB);
            else UnitTile.Multiply(sums, left, right, tile, further, sideA, sideB);
            next = stage;
            stage = stage == UnitTile.Stages - 1 ? 0 : stage + 1;
        }

        int real = gathers || gathersGradients ? scalars[0].Images * area - row : 0;
        UnitEpilogue.Store(
            new TileResult(tileM, tileN, addBias, accumulate, gathers, gathersGradients, wideC, roundC, isBFloat16Z),
            new TilePlace(column, shape.N, batch * shape.StepBias, GroupId.X / tilesN, real),
            sums, shared, sideA, sideB, lines, loads, c, bias, moments, outputs, inputs, function);
    }
}
