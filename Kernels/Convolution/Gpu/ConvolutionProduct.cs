using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Computes a convolution without a copy of its windows: y[pixel, k] = f(sum over runs and their values of x[gathered] w[value, k] +
/// bias[k]). It serves the forward pass, and the input's gradient one phase of the stride at a time. Groups: x the tiles, the columns of a
/// row of tiles consecutive; z the groups of channels. A pixel that no tap reaches gets f(bias).
/// </summary>
/// <param name="turned">Whether a run of the filter is stored [columns][values] instead of [values][columns].</param>
/// <param name="wideX">
/// Whether x is loaded four values at a time: channels of a group and of x are multiples of 4. Likewise for the filter (its columns, or its
/// values if it is turned), and for y with the bias (columns and TargetPixel).
/// </param>
/// <param name="accumulate">Whether to add to y instead of overwriting it.</param>
/// <param name="gathers">
/// Whether to write the moments of the tile's columns to <paramref name="moments"/>. Requires a single group, no function and no
/// accumulation.
/// </param>
/// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for y. Sums are floats, rounded as they are stored.</param>
/// <param name="gathersGradients">
/// Whether y = f'(v) sums is stored, or f'(v) (y + sums), and the sums of <see cref="GatheredGradients"/> are written to <paramref
/// name="moments"/>. Requires a single group.
/// </param>
/// <param name="isBFloat16Z">Whether <paramref name="inputs"/> is stored as bfloat16.</param>
/// <param name="x">[image][SourceH][SourceW][SourceChannels]</param>
/// <param name="bias">
/// [group][columns]; the means of <paramref name="inputs"/> if gradients are gathered; any view if there is no bias.
/// </param>
/// <param name="scalars">[1] Gives the number of real images; any view if no moments are gathered.</param>
/// <param name="moments">[rows of tiles][3][columns] as in <see cref="GatheredMoments"/>; any view if none are gathered.</param>
/// <param name="outputs">v, like y; any view if no gradients are gathered.</param>
/// <param name="inputs">z, like y; any view if no gradients are gathered.</param>
[Kernel]
internal readonly partial struct ConvolutionProduct<TFunction>(
    [Specialization(128)] int tileM, [Specialization(128)] int tileN, [Specialization(8)] int tileK, [Specialization(8)] int perM,
        [Specialization(8)] int perN,
    [Specialization] Flag turned, [Specialization] Flag wideX, [Specialization] Flag wideFilter, [Specialization] Flag wideY,
    [Specialization] Flag addBias, [Specialization] Flag accumulate, [Specialization] Flag gathers,
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y,
    [Specialization] Flag gathersGradients, [Specialization] Flag isBFloat16Z,
    ReadOnlyView<float> x, ReadOnlyView<float> filter, ReadOnlyView<float> bias, View<float> y, ReadOnlyView<StepScalars> scalars,
    View<float> moments, ReadOnlyView<float> outputs, ReadOnlyView<float> inputs, GatherMap map, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    public Size3 GroupShape => new(tileN / perN, tileM / perM);

    [Unroll]
    public void Execute()
    {
        View<float> left = Shared.Array<float>(2 * tileK * (tileM + TileSide.Padding)),
            right = Shared.Array<float>(2 * tileK * (tileN + TileSide.Padding));
        View<int> sources = Shared.Array<int>(tileM), rows = Shared.Array<int>(tileM), columns = Shared.Array<int>(tileM),
            targets = Shared.Array<int>(tileM);
        Registers<float> nextLeft = Local.Array<float>(tileM * tileK / (GroupSize.X * GroupSize.Y)),
            nextRight = Local.Array<float>(tileN * tileK / (GroupSize.X * GroupSize.Y));
        Registers<int> ownSource = Local.Array<int>(tileM * tileK / (4 * GroupSize.X * GroupSize.Y)),
            ownH = Local.Array<int>(tileM * tileK / (4 * GroupSize.X * GroupSize.Y));
        Registers<int> ownW = Local.Array<int>(tileM * tileK / (4 * GroupSize.X * GroupSize.Y));
        Registers<float> sums = Local.Array<float>(perM * perN);
        Registers<int> lines = Local.Array<int>(perM);
        var sideX = new TileSide(tileM, tileK, false, wideX, isBFloat16X);
        var sideFilter = new TileSide(tileN, tileK, !turned, wideFilter, false);
        int thread = ThreadId.Y * GroupSize.X + ThreadId.X, threads = GroupSize.X * GroupSize.Y, own = 4 * thread;
        int tilesN = TileShape.Tiles(map.Columns, tileN), firstPixel = GroupId.X / tilesN * tileM, column = GroupId.X % tilesN * tileN,
            group = GroupId.Z;

        // Locating a pixel takes divisions, so one thread does it for each of the tile's rows.
        for (int line = thread; line < tileM; line += threads)
        {
            int pixel = firstPixel + line;
            bool exists = pixel < map.Grid.Pixels;
            (int image, int p, int q) = map.Grid.Position(pixel);
            int h = p * map.Grid.StepH + map.Grid.StartH, w = q * map.Grid.StepW + map.Grid.StartW;
            sources[line] = map.Grid.Source(image, h, w) + group * map.RunChannels;
            rows[line] = exists ? h : PixelGrid.Nowhere;
            columns[line] = w;
            targets[line] = exists ? map.TargetStart + image * map.TargetImage + p * map.TargetRow + q * map.TargetPixel : -1;
        }
        Group.Barrier();
        for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
        {
            int line = sideX.Line(at + own), load = at / (4 * threads);
            ownSource[load] = sources[line];
            ownH[load] = rows[line];
            ownW[load] = columns[line];
        }

        for (int i = 0; i < perM * perN; i++) sums[i] = 0;
        int steps = map.TapsH * map.TapsW * TileShape.Tiles(map.RunLength, tileK), tapH = 0, tapW = 0, position = 0, stage = 0;
        int runFilter = group * map.FilterGroup + map.FilterStart;
        for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
        {
            int load = at / (4 * threads);
            nextLeft.Store4(at / threads, map.Load(
                x, ownSource[load], ownH[load], ownW[load], tapH, tapW, sideX.Step(at + own), wideX, isBFloat16X));
        }
        for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
            nextRight.Store4(at / threads, sideFilter.Load(
                filter, runFilter, map.FilterPitch, at + own, column, map.Columns, 0, steps > 0 ? map.RunLength : 0));
        for (int step = 1; step <= steps; step++)
        {
            View<float> leftTile = left.Slice(stage * tileK * (tileM + TileSide.Padding)),
                rightTile = right.Slice(stage * tileK * (tileN + TileSide.Padding));
            for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                sideX.Store(leftTile, at + own, nextLeft.Load4(at / threads));
            for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                sideFilter.Store(rightTile, at + own, nextRight.Load4(at / threads));
            // Two stages need only one barrier: a thread that arrives here has read what the next round overwrites.
            Group.Barrier();
            position += tileK;
            if (position >= map.RunLength)
            {
                position = 0;
                tapW++;
                if (tapW == map.TapsW)
                {
                    tapW = 0;
                    tapH++;
                }
                runFilter = group * map.FilterGroup + map.FilterStart + tapH * map.FilterStepH + tapW * map.FilterStepW;
            }
            // Prefetch the next tile while this step's products are added; load zeros past the end.
            for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
            {
                int load = at / (4 * threads);
                nextLeft.Store4(at / threads, map.Load(
                    x, ownSource[load], ownH[load], ownW[load], tapH, tapW, position + sideX.Step(at + own), wideX, isBFloat16X));
            }
            for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                nextRight.Store4(at / threads, sideFilter.Load(
                    filter, runFilter, map.FilterPitch, at + own, column, map.Columns, position, step < steps ? map.RunLength : 0));
            View<float> leftRun = leftTile.Slice(ThreadId.Y * 4), rightRun = rightTile.Slice(ThreadId.X * 4);
            for (int k = 0; k < tileK; k++)
                RegisterTile.Add(
                    sums, leftRun.Slice(k * (tileM + TileSide.Padding)), rightRun.Slice(k * (tileN + TileSide.Padding)),
                    perM, perN, tileM / 2, tileN / 2);
            stage = 1 - stage;
        }

        for (int i = 0; i < perM; i++)
        {
            int target = targets[RegisterTile.Place(ThreadId.Y, i, tileM)];
            lines[i] = target >= 0 ? target + group * map.Columns : -1;
        }
        int real = gathers || gathersGradients ? scalars[0].Images * map.Grid.Area.Value - firstPixel : 0;
        TileEpilogue.Store(
            new TileResult(tileM, tileN, addBias, accumulate, gathers, gathersGradients, wideY, isBFloat16Y, isBFloat16Z),
            new TilePlace(column, map.Columns, group * map.Columns, map.FirstPart + GroupId.X / tilesN, real),
            perM, perN, sums, lines, left, right, y, bias, moments, outputs, inputs, function);
    }
}
