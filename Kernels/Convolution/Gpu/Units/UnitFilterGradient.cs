using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.MatrixProduct.Units;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu.Units;

/// <summary>
/// Computes dw[(r, s, c), k] = sum over pixels of x[pixel's window at (r, s), c] dy[pixel, k] by matrix units, for parts of the pixels.
/// Groups: x the tiles of the filter, the columns of a row of tiles consecutive; z = part. The order of every sum follows from the shape
/// and the tile.
/// </summary>
/// <param name="factors">What is multiplied. It says whether x and dy are stored as bfloat16; else they are floats.</param>
/// <param name="accumulate">Whether to add to dw instead of overwriting it.</param>
/// <param name="x">[image][SourceH][SourceW][SourceChannels]; channels are multiples of 16 bytes, and so are dy's.</param>
/// <param name="dy">[pixel][GradientPitch]</param>
/// <param name="dw">[part][R][S][C][columns], floats</param>
/// <param name="map">Of a convolution without groups. PartPixels is a multiple of the tile's depth.</param>
/// <param name="rows">Where the rows of the product lie in dw. Rows without a place are padding.</param>
/// <param name="tapStep">Columns of x from one tap to the next.</param>
[Kernel(UnitTile.Threads)]
internal readonly partial struct UnitFilterGradient(
    [Specialization(128)] int tileM, [Specialization(128)] int tileN, [Specialization(1)] FactorType factors,
    [Specialization] Flag accumulate,
    ReadOnlyView<float> x, ReadOnlyView<float> dy, View<float> dw, FilterGradientMap map, PackedRows rows, int tapStep)
{
    public int SharedBytes => 4 * UnitTile.SharedFloats(tileM, tileN);

    [Unroll]
    public void Execute()
    {
        View<float> shared = Shared.Array<float>(UnitTile.Stages * UnitTile.Depth * (tileM + tileN));
        Registers<float> sums = Local.Array<float>(tileM * tileN / UnitTile.Threads);
        Registers<uint> left = Local.Array<uint>(tileM / 8), right = Local.Array<uint>(tileN / 4);
        Registers<float> products = Local.Array<float>(UnitTile.Products);
        var sideX = new UnitSide(tileM, true, factors);
        var sideY = new UnitSide(tileN, true, factors);
        int depth = factors == FactorType.BFloat16 ? 2 * UnitTile.Depth : UnitTile.Depth, stageFloats = UnitTile.Depth * (tileM + tileN);
        int tilesN = TileShape.Tiles(map.Columns, tileN), row = GroupId.X / tilesN * tileM, column = GroupId.X % tilesN * tileN;
        int part = GroupId.Z, first = part * map.PartPixels, end = KernelMath.Min(first + map.PartPixels, map.Grid.Pixels);
        int steps = TileShape.Tiles(end - first, depth);

        // The rows that a thread copies stay the same, so it computes their tap once. A load lies within a tap.
        int own = row + WindowCopies.Line(sideX), tap = own / map.Channels, tapH = tap / map.S, tapW = (tap - tapH * map.S) * tapStep;
        int channel = sideX.Floats(own - tap * map.Channels);
        bool exists = own < map.Rows;

        for (int i = 0; i < tileM * tileN / UnitTile.Threads; i++) sums[i] = 0;
        for (int i = 0; i < UnitTile.Stages - 1; i++)
        {
            if (i < steps)
            {
                View<float> to = shared.Slice(i * stageFloats);
                int at = first + i * depth;
                WindowCopies.Copy(to, x, sideX, map.Grid, tapH, tapW, channel, exists, at, end);
                UnitTile.Copy(to.Slice(UnitTile.Depth * tileM), dy, sideY, 0, map.GradientPitch, column, map.Columns, at, end);
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
                WindowCopies.Copy(to, x, sideX, map.Grid, tapH, tapW, channel, exists, at, end);
                UnitTile.Copy(to.Slice(UnitTile.Depth * tileM), dy, sideY, 0, map.GradientPitch, column, map.Columns, at, end);
            }
            AsyncCopy.Commit();
            View<float> tile = shared.Slice(stage * stageFloats), further = tile.Slice(UnitTile.Depth * tileM);
            if (factors == FactorType.SplitTF32) SplitProducts.Multiply(sums, left, right, products, tile, further, sideX, sideY);
            else if (factors == FactorType.AsyncFloat32) LaneProducts.Multiply(sums, products, tile, further, sideX, sideY);
            else UnitTile.Multiply(sums, left, right, tile, further, sideX, sideY);
            next = stage;
            stage = stage == UnitTile.Stages - 1 ? 0 : stage + 1;
        }

        Group.Barrier();
        UnitTile.Spread(sums, shared, sideX, sideY);
        Group.Barrier();
        int target = part * map.PartStep;
        for (int element = ThreadId.X; element < tileM * tileN / 4; element += UnitTile.Threads)
        {
            int line = element / (tileN / 4), place = element % (tileN / 4) * 4, k = column + place, to = PackedRows.Of(rows, row + line);
            if (row + line < map.Rows && to >= 0)
            {
                Epilogue.Store(
                    dw, target + to * map.Columns + k, dy, 0, k, map.Columns,
                    shared.Load4(line * (tileN + UnitTile.Padding) + place), new Identity(), false, accumulate, true, false);
            }
        }
    }
}

/// <summary>Copies of windows to a shared tile whose steps are pixels and whose lines are values of a window.</summary>
internal static class WindowCopies
{
    /// <summary>Returns the first line of the loads of 16 bytes that the calling thread copies.</summary>
    public static int Line(UnitSide side) => ThreadId.X % side.RowRuns * (side.IsBFloat16 ? 8 : 4);

    /// <summary>Starts to copy a stage; zeros where a window is outside the map.</summary>
    /// <param name="tile">[pixels of a stage][tileM lines]</param>
    /// <param name="tapH">Row of the tap that the thread copies; likewise its column, and the float of the tap.</param>
    /// <param name="exists">Whether there is such a tap.</param>
    /// <param name="pixel">First pixel of the stage.</param>
    /// <param name="end">End of the pixels.</param>
    [Unroll]
    public static void Copy(View<float> tile, ReadOnlyView<float> x, UnitSide side, PixelGrid grid, int tapH, int tapW, int channel,
        bool exists, int pixel, int end)
    {
        int run = ThreadId.X % side.RowRuns, own = ThreadId.X / side.RowRuns, floats = side.Floats(grid.SourceChannels);
        for (int i = 0; i < 8; i++)
        {
            if (16 * i < side.Lines)
            {
                int step = own + UnitTile.Threads * i / side.RowRuns;
                (int image, int p, int q) = grid.Position(pixel + step);
                int h = p * grid.StepH + grid.StartH + tapH, w = q * grid.StepW + grid.StartW + tapW;
                AsyncCopy.Copy4(
                    tile, side.Place(step, run), x, ((image * grid.SourceH + h) * grid.SourceW + w) * floats + channel,
                    exists && pixel + step < end && grid.Contains(h, w));
            }
        }
    }
}
