using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>Sizes of a filter's gradient.</summary>
internal struct FilterGradientMap
{
    /// <summary>Pixels of the output and the start of their windows in the input.</summary>
    public PixelGrid Grid;

    /// <summary>Columns of the filter, and input and output channels of a group.</summary>
    public int S, Channels, Columns;

    /// <summary>Rows in a group's filter: R * S * Channels.</summary>
    public int Rows;

    /// <summary>Values from one pixel of the output's gradient to the next.</summary>
    public int GradientPitch;

    /// <summary>
    /// Number of parts that the pixels are split into, pixels in each part (a multiple of the tile's K), and floats from one part's result
    /// to the next.
    /// </summary>
    public int Parts, PartPixels, PartStep;
}

/// <summary>
/// Computes dw[(r, s, c), k] = sum over pixels of x[pixel's window at (r, s), c] dy[pixel, k], for parts of the pixels. Groups: x the tiles
/// of a group's filter, the columns of a row of tiles consecutive; z = group * parts + part.
/// </summary>
/// <param name="wideX">
/// Whether x is loaded four values at a time: channels of a group and of x are multiples of 4. Likewise for dy and dw, if the filters of a
/// group and of all groups are multiples of 4.
/// </param>
/// <param name="accumulate">Whether to add to dw instead of overwriting it.</param>
/// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for dy. dw is floats.</param>
/// <param name="x">[image][SourceH][SourceW][SourceChannels]</param>
/// <param name="dy">[pixel][GradientPitch]</param>
/// <param name="dw">[part][group][rows][columns]</param>
[Kernel]
internal readonly partial struct FilterGradientProduct(
    [Specialization(128)] int tileM, [Specialization(128)] int tileN, [Specialization(8)] int tileK, [Specialization(8)] int perM,
        [Specialization(8)] int perN,
    [Specialization] Flag wideX, [Specialization] Flag wideY, [Specialization] Flag accumulate,
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y,
    ReadOnlyView<float> x, ReadOnlyView<float> dy, View<float> dw, FilterGradientMap map)
{
    public Size3 GroupShape => new(tileN / perN, tileM / perM);

    [Unroll]
    public void Execute()
    {
        View<float> left = Shared.Array<float>(2 * tileK * (tileM + TileSide.Padding)),
            right = Shared.Array<float>(2 * tileK * (tileN + TileSide.Padding));
        Registers<float> nextLeft = Local.Array<float>(tileM * tileK / (GroupSize.X * GroupSize.Y)),
            nextRight = Local.Array<float>(tileN * tileK / (GroupSize.X * GroupSize.Y));
        Registers<int> images = Local.Array<int>(tileM * tileK / (4 * GroupSize.X * GroupSize.Y)),
            ps = Local.Array<int>(tileM * tileK / (4 * GroupSize.X * GroupSize.Y));
        Registers<int> qs = Local.Array<int>(tileM * tileK / (4 * GroupSize.X * GroupSize.Y));
        Registers<int> tapRows = Local.Array<int>(4), tapColumns = Local.Array<int>(4), tapOffsets = Local.Array<int>(4);
        Registers<float> sums = Local.Array<float>(perM * perN);
        var sideX = new TileSide(tileM, tileK, true, wideX, isBFloat16X);
        var sideY = new TileSide(tileN, tileK, true, wideY, isBFloat16Y);
        int threads = GroupSize.X * GroupSize.Y, own = 4 * (ThreadId.Y * GroupSize.X + ThreadId.X);
        int tilesN = TileShape.Tiles(map.Columns, tileN), row = GroupId.X / tilesN * tileM, column = GroupId.X % tilesN * tileN;
        int group = GroupId.Z / map.Parts, part = GroupId.Z % map.Parts;
        int first = part * map.PartPixels, end = KernelMath.Min(first + map.PartPixels, map.Grid.Pixels);

        // The rows that a thread loads stay the same, so it computes their taps once.
        for (int i = 0; i < 4; i++)
        {
            int at = row + own % tileM + i, tap = at / map.Channels, tapRow = tap / map.S;
            tapRows[i] = at < map.Rows ? tapRow : PixelGrid.Nowhere;
            tapColumns[i] = tap - tapRow * map.S;
            tapOffsets[i] = map.Grid.Source(0, tapRow, tap - tapRow * map.S) + at - tap * map.Channels + group * map.Channels;
        }
        for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
        {
            int load = at / (4 * threads);
            (int image, int p, int q) = map.Grid.Position(first + sideX.Step(at + own));
            images[load] = image;
            ps[load] = p;
            qs[load] = q;
        }
        // Each step moves a pixel on by tileK, which is a fixed number of images, rows and columns.
        (int stepImage, int stepP, int stepQ) = map.Grid.Position(tileK);

        for (int i = 0; i < perM * perN; i++) sums[i] = 0;
        for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
        {
            bool exists = first + sideX.Step(at + own) < end;
            nextLeft.Store4(at / threads, Gather(
                x, map.Grid, images[at / (4 * threads)], ps[at / (4 * threads)], qs[at / (4 * threads)], exists, tapRows, tapColumns,
                tapOffsets, wideX, isBFloat16X));
        }
        for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
            nextRight.Store4(at / threads, sideY.Load(
                dy, group * map.Columns, map.GradientPitch, at + own, column, map.Columns, first, end));
        int stage = 0;
        for (int pixel = first; pixel < end; pixel += tileK)
        {
            View<float> leftTile = left.Slice(stage * tileK * (tileM + TileSide.Padding)),
                rightTile = right.Slice(stage * tileK * (tileN + TileSide.Padding));
            for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                sideX.Store(leftTile, at + own, nextLeft.Load4(at / threads));
            for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                sideY.Store(rightTile, at + own, nextRight.Load4(at / threads));
            // Two stages need only one barrier: a thread that arrives here has read what the next round overwrites.
            Group.Barrier();
            // Prefetch the next tile while this step's products are added; load zeros past the end.
            for (int at = 0; at < tileM * tileK; at += 4 * GroupSize.X * GroupSize.Y)
            {
                int load = at / (4 * threads);
                int q = qs[load] + stepQ, carryQ = q >= map.Grid.W.Value ? 1 : 0;
                int p = ps[load] + stepP + carryQ, carryP = p >= map.Grid.H ? 1 : 0;
                qs[load] = q - carryQ * map.Grid.W.Value;
                ps[load] = p - carryP * map.Grid.H;
                images[load] += stepImage + carryP;
                bool exists = pixel + tileK + sideX.Step(at + own) < end;
                nextLeft.Store4(at / threads, Gather(
                    x, map.Grid, images[load], ps[load], qs[load], exists, tapRows, tapColumns, tapOffsets, wideX,
                    isBFloat16X));
            }
            for (int at = 0; at < tileN * tileK; at += 4 * GroupSize.X * GroupSize.Y)
                nextRight.Store4(at / threads, sideY.Load(
                    dy, group * map.Columns, map.GradientPitch, at + own, column, map.Columns, pixel + tileK, end));
            View<float> leftRun = leftTile.Slice(ThreadId.Y * 4), rightRun = rightTile.Slice(ThreadId.X * 4);
            for (int k = 0; k < tileK; k++)
                RegisterTile.Add(
                    sums, leftRun.Slice(k * (tileM + TileSide.Padding)), rightRun.Slice(k * (tileN + TileSide.Padding)),
                    perM, perN, tileM / 2, tileN / 2);
            stage = 1 - stage;
        }

        int target = part * map.PartStep + group * map.Rows * map.Columns;
        for (int i = 0; i < perM; i++)
        {
            int value = row + RegisterTile.Place(ThreadId.Y, i, tileM);
            if (value < map.Rows)
            {
                for (int j = 0; j < perN; j += 4)
                {
                    int k = column + RegisterTile.Place(ThreadId.X, j, tileN), at = RegisterTile.IndexOf(i, j, perN);
                    var values = new Float4(sums[at], sums[at + 1], sums[at + 2], sums[at + 3]);
                    Epilogue.Store(
                        dw, target + value * map.Columns + k, dy, 0, k, map.Columns, values, new Identity(), false, accumulate, wideY,
                        false);
                }
            }
        }
    }

    /// <summary>Loads four rows' values of x in the window of a pixel; zeros where the window is outside the map.</summary>
    private static Float4 Gather(
        ReadOnlyView<float> x, PixelGrid grid, int image, int p, int q, bool exists, Registers<int> tapRows, Registers<int> tapColumns,
            Registers<int> tapOffsets, bool isWide, bool isBFloat16)
    {
        int h = p * grid.StepH + grid.StartH, w = q * grid.StepW + grid.StartW, source = grid.Source(image, h, w);
        if (isWide)
        {
            if (exists && grid.Contains(h + tapRows[0], w + tapColumns[0]))
                return StoredValues.Load4(x, source + tapOffsets[0], isBFloat16);
            return new Float4(0, 0, 0, 0);
        }
        return new Float4(
            exists && grid.Contains(h + tapRows[0], w + tapColumns[0]) ? StoredValues.Load(x, source + tapOffsets[0], isBFloat16) : 0,
            exists && grid.Contains(h + tapRows[1], w + tapColumns[1]) ? StoredValues.Load(x, source + tapOffsets[1], isBFloat16) : 0,
            exists && grid.Contains(h + tapRows[2], w + tapColumns[2]) ? StoredValues.Load(x, source + tapOffsets[2], isBFloat16) : 0,
            exists && grid.Contains(h + tapRows[3], w + tapColumns[3]) ? StoredValues.Load(x, source + tapOffsets[3], isBFloat16) : 0);
    }
}
