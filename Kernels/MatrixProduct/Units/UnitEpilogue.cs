using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Stores a tile of a product by matrix units, with the moments of its columns or the sums of a norm's gradient. The sums go through shared
/// memory, so that threads store whole lines.
/// </summary>
internal static class UnitEpilogue
{
    /// <summary>Stores the tile. All threads of the group call this after their last stage.</summary>
    /// <param name="sums">The warp's sums; overwritten.</param>
    /// <param name="shared">The stages; overwritten.</param>
    /// <param name="lines">
    /// Shared, [tileM] Index in the result at which each line of the tile starts, or -1 if there is no such line.
    /// </param>
    /// <param name="bias">The bias; the means of z if gradients are gathered.</param>
    /// <param name="moments">[rows of tiles][floats][columns]</param>
    /// <param name="outputs">v, like the result.</param>
    /// <param name="inputs">z, like the result.</param>
    public static void Store<TFunction>(
        TileResult tile, TilePlace place, Registers<float> sums, View<float> shared, View<int> lines, View<float> result,
        ReadOnlyView<float> bias, View<float> moments, ReadOnlyView<float> outputs, ReadOnlyView<float> inputs, TFunction function)
        where TFunction : unmanaged, IPointwise
    {
        if (tile.GathersMoments)
        {
            if (tile.AddsBias || tile.IsBFloat16)
                UnitMoments.MakeStored(
                    sums, bias, place.Column, place.Columns, tile.TileM, tile.TileN, tile.AddsBias, tile.IsBFloat16);
            UnitMoments.Gather(
                sums, shared, moments, place.Real, place.Part, place.Column, place.Columns, tile.TileM, tile.TileN);
        }
        else
        {
            Group.Barrier();
        }
        UnitTile.Spread(sums, shared, tile.TileM, tile.TileN);
        Group.Barrier();
        int runs = tile.TileN >> 2, own = ThreadId.X % runs * 4, column = place.Column + own;
        if (tile.GathersGradients)
        {
            Float4 mean = Runs.Load(bias, column, column, 0, place.Columns, tile.IsWide, false);
            Float4 level = new Float4(0, 0, 0, 0), product = new Float4(0, 0, 0, 0);
            for (int line = ThreadId.X / runs; line < tile.TileM; line += UnitTile.Threads / runs)
            {
                int index = lines[line] + column;
                if (lines[line] >= 0)
                {
                    Float4 dz = TileGradients.Through(
                        shared.Load4(line * (tile.TileN + UnitTile.Padding) + own), result, tile.Accumulates, outputs, index, column,
                        place.Columns, function, tile.IsWide, tile.IsBFloat16);
                    Epilogue.Store(
                        result, index, bias, 0, column, place.Columns, dz, new Identity(), false, false, tile.IsWide, tile.IsBFloat16);
                    if (line < place.Real)
                    {
                        level += dz;
                        product = TileGradients.AddProduct(
                            product, dz, inputs, index, column, place.Columns, mean, tile.IsWide, tile.IsBFloat16Z);
                    }
                }
            }
            // Sums of columns take the place of the sums, which all threads have read.
            View<float> products = shared.Slice(4 * UnitTile.Threads);
            Group.Barrier();
            shared.Store4(4 * ThreadId.X, level);
            products.Store4(4 * ThreadId.X, product);
            Group.Barrier();
            TileGradients.Store(
                shared, products, moments, place.Part, place.Column, place.Columns, tile.TileN, 4 * UnitTile.Threads / tile.TileN);
        }
        else
        {
            for (int line = ThreadId.X / runs; line < tile.TileM; line += UnitTile.Threads / runs)
            {
                if (lines[line] >= 0)
                    Epilogue.Store(
                        result, lines[line] + column, bias, place.Bias, column, place.Columns,
                        shared.Load4(line * (tile.TileN + UnitTile.Padding) + own), function, tile.AddsBias && !tile.GathersMoments,
                        tile.Accumulates, tile.IsWide, tile.IsBFloat16);
            }
        }
    }
}
