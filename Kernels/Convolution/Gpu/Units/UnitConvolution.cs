using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.MatrixProduct.Units;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu.Units;

/// <summary>
/// Computes a convolution by matrix units without a copy of its windows: y[pixel, k] = f(sum over taps and channels of x[gathered]
/// w[value, k] + bias[k]). It serves the forward pass, and the input's gradient one phase of the stride at a time. Groups: x the tiles, the
/// columns of a row of tiles consecutive. A pixel that no tap reaches gets f(bias).
/// </summary>
/// <param name="factors">What is multiplied. It says whether x and the filter are stored as bfloat16; else they are floats.</param>
/// <param name="turned">
/// Whether the filter is stored [columns][values] at each tap. If it is not, the values of all taps follow each other.
/// </param>
/// <param name="wideY">Whether y and the bias are accessed four values at a time: columns and TargetPixel are multiples of 4.</param>
/// <param name="roundY">Whether y is stored as bfloat16.</param>
/// <param name="accumulate">Whether to add to y instead of overwriting it.</param>
/// <param name="gathers">
/// Whether to write the moments of the tile's columns to <paramref name="moments"/>. Requires no function and no accumulation.
/// </param>
/// <param name="gathersGradients">
/// Whether y = f'(v) sums is stored, or f'(v) (y + sums), and the sums of <see cref="GatheredGradients"/> are written to <paramref
/// name="moments"/>. Requires no bias.
/// </param>
/// <param name="isBFloat16Z">Whether <paramref name="inputs"/> is stored as bfloat16.</param>
/// <param name="x">
/// [image][SourceH][SourceW][SourceChannels]; channels are multiples of 16 bytes. They hold several taps if x is packed.
/// </param>
/// <param name="bias">
/// [columns]; the means of <paramref name="inputs"/> if gradients are gathered; any view if there is no bias.
/// </param>
/// <param name="scalars">[1] Gives the number of real images; any view if no moments are gathered.</param>
/// <param name="moments">[rows of tiles][3][columns] as in <see cref="GatheredMoments"/>; any view if none are gathered.</param>
/// <param name="outputs">v, like y; any view if no gradients are gathered.</param>
/// <param name="inputs">z, like y; any view if no gradients are gathered.</param>
[Kernel(UnitTile.Threads)]
internal readonly partial struct UnitConvolution<TFunction>(
    [Specialization(128)] int tileM, [Specialization(128)] int tileN, [Specialization(1)] FactorType factors, [Specialization] Flag turned,
    [Specialization(1)] Flag wideY, [Specialization] Flag roundY, [Specialization] Flag addBias, [Specialization] Flag accumulate,
    [Specialization] Flag gathers, [Specialization] Flag gathersGradients, [Specialization] Flag isBFloat16Z,
    ReadOnlyView<float> x, ReadOnlyView<float> filter, ReadOnlyView<float> bias, View<float> y, ReadOnlyView<StepScalars> scalars,
    View<float> moments, ReadOnlyView<float> outputs, ReadOnlyView<float> inputs, UnitGather gather, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    public int SharedBytes => 4 * (UnitTile.SharedFloats(tileM, tileN) + tileM);

    [Unroll]
    public void Execute()
    {
        View<float> shared = Shared.Array<float>(UnitTile.Stages * UnitTile.Depth * (tileM + tileN));
        View<int> targets = Shared.Array<int>(tileM);
        Registers<int> sources = Local.Array<int>(tileM / 16), h = Local.Array<int>(tileM / 16), w = Local.Array<int>(tileM / 16);
        Registers<float> sums = Local.Array<float>(tileM * tileN / UnitTile.Threads);
        Registers<float> loads = Local.Array<float>(UnitEpilogue.Floats);
        Registers<uint> left = Local.Array<uint>(tileM / 8), right = Local.Array<uint>(tileN / 4);
        Registers<float> products = Local.Array<float>(UnitTile.Products);
        var sideX = new UnitSide(tileM, false, factors);
        var sideFilter = new UnitSide(tileN, !turned, factors);
        int depth = factors == FactorType.BFloat16 ? 2 * UnitTile.Depth : UnitTile.Depth, stageFloats = UnitTile.Depth * (tileM + tileN);
        int tilesN = TileShape.Tiles(gather.Map.Columns, tileN), firstPixel = GroupId.X / tilesN * tileM,
            column = GroupId.X % tilesN * tileN;
        int length = gather.Length, steps = TileShape.Tiles(length, depth);

        if (ThreadId.X < tileM)
        {
            int pixel = firstPixel + ThreadId.X;
            (int image, int p, int q) = gather.Map.Grid.Position(pixel);
            targets[ThreadId.X] = pixel < gather.Map.Grid.Pixels
                ? gather.Map.TargetStart + image * gather.Map.TargetImage + p * gather.Map.TargetRow + q * gather.Map.TargetPixel
                : -1;
        }
        for (int i = 0; i < tileM / 16; i++)
        {
            int pixel = firstPixel + 16 * i + (ThreadId.X >> 3);
            (int image, int p, int q) = gather.Map.Grid.Position(pixel);
            int atH = p * gather.Map.Grid.StepH + gather.Map.Grid.StartH, atW = q * gather.Map.Grid.StepW + gather.Map.Grid.StartW;
            sources[i] = ((image * gather.Map.Grid.SourceH + atH) * gather.Map.Grid.SourceW + atW)
                * sideX.Floats(gather.Map.Grid.SourceChannels);
            h[i] = pixel < gather.Map.Grid.Pixels ? atH : PixelGrid.Nowhere;
            w[i] = atW;
        }
        for (int i = 0; i < tileM * tileN / UnitTile.Threads; i++) sums[i] = 0;
        for (int i = 0; i < UnitTile.Stages - 1; i++)
        {
            if (i < steps)
            {
                View<float> to = shared.Slice(i * stageFloats), toFilter = to.Slice(UnitTile.Depth * tileM);
                UnitCopies.CopyRows(to, x, sideX, gather, sources, h, w, i);
                if (turned) UnitCopies.CopyTurned(toFilter, filter, sideFilter, gather, column, i);
                else UnitTile.Copy(
                    toFilter, filter, sideFilter, gather.Map.FilterStart, gather.Map.FilterPitch, column, gather.Map.Columns, i * depth,
                    length);
            }
            AsyncCopy.Commit();
        }
        int stage = 0, next = UnitTile.Stages - 1;
        for (int step = 0; step < steps; step++)
        {
            AsyncCopy.Wait(UnitTile.Stages - 2);
            // A thread that arrives here has read the stage that the copies below overwrite.
            Group.Barrier();
            int ahead = step + UnitTile.Stages - 1;
            if (ahead < steps)
            {
                View<float> to = shared.Slice(next * stageFloats), toFilter = to.Slice(UnitTile.Depth * tileM);
                UnitCopies.CopyRows(to, x, sideX, gather, sources, h, w, ahead);
                if (turned) UnitCopies.CopyTurned(toFilter, filter, sideFilter, gather, column, ahead);
                else UnitTile.Copy(
                    toFilter, filter, sideFilter, gather.Map.FilterStart, gather.Map.FilterPitch, column, gather.Map.Columns,
                    ahead * depth, length);
            }
            AsyncCopy.Commit();
            View<float> tile = shared.Slice(stage * stageFloats), further = tile.Slice(UnitTile.Depth * tileM);
            if (factors == FactorType.SplitTF32) SplitProducts.Multiply(sums, left, right, products, tile, further, sideX, sideFilter);
            else if (factors == FactorType.AsyncFloat32) LaneProducts.Multiply(sums, products, tile, further, sideX, sideFilter);
            else UnitTile.Multiply(sums, left, right, tile, further, sideX, sideFilter);
            next = stage;
            stage = stage == UnitTile.Stages - 1 ? 0 : stage + 1;
        }

        int real = gathers || gathersGradients ? scalars[0].Images * gather.Map.Grid.Area.Value - firstPixel : 0;
        UnitEpilogue.Store(
            new TileResult(tileM, tileN, addBias, accumulate, gathers, gathersGradients, wideY, roundY, isBFloat16Z),
            new TilePlace(column, gather.Map.Columns, 0, gather.Map.FirstPart + GroupId.X / tilesN, real),
            sums, shared, sideX, sideFilter, targets, loads, y, bias, moments, outputs, inputs, function);
    }
}
