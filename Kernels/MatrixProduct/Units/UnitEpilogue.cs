using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Stores a tile of a product by matrix units, with the moments of its columns or the sums of a norm's gradient. The sums go through shared
/// memory, so that threads store whole lines.
/// </summary>
internal static class UnitEpilogue
{
    /// <summary>Lines of which a thread loads four values each before it stores them. A thread has a multiple of them.</summary>
    public const int Lines = 4;

    /// <summary>Registers for what is loaded of those lines: of the result, of v and of z.</summary>
    public const int Floats = 3 * 4 * Lines;

    /// <summary>Stores the tile. All threads of the group call this after their last stage.</summary>
    /// <param name="sums">The warp's sums; overwritten.</param>
    /// <param name="shared">The stages; overwritten.</param>
    /// <param name="sideA">The left tile, which says where the lanes' rows are; likewise the right and their columns.</param>
    /// <param name="lines">
    /// Shared, [tileM] Index in the result at which each line of the tile starts, or -1 if there is no such line.
    /// </param>
    /// <param name="loads">[<see cref="Floats"/>]; overwritten.</param>
    /// <param name="bias">The bias; the means of z if gradients are gathered.</param>
    /// <param name="moments">[rows of tiles][floats][columns]</param>
    /// <param name="outputs">v, like the result.</param>
    /// <param name="inputs">z, like the result.</param>
    [Unroll]
    public static void Store<TFunction>(
        TileResult tile, TilePlace place, Registers<float> sums, View<float> shared, UnitSide sideA, UnitSide sideB, View<int> lines,
        Registers<float> loads, View<float> result, ReadOnlyView<float> bias, View<float> moments, ReadOnlyView<float> outputs,
        ReadOnlyView<float> inputs, TFunction function)
        where TFunction : unmanaged, IPointwise
    {
        if (tile.GathersMoments)
        {
            if (tile.AddsBias || tile.IsBFloat16)
                UnitMoments.MakeStored(
                    sums, bias, place.Column, place.Columns, sideA, sideB, tile.AddsBias, tile.IsBFloat16);
            UnitMoments.Gather(
                sums, shared, moments, place.Real, place.Part, place.Column, place.Columns, sideA, sideB);
        }
        else
        {
            Group.Barrier();
        }
        UnitTile.Spread(sums, shared, sideA, sideB);
        Group.Barrier();
        int runs = tile.TileN >> 2, own = ThreadId.X % runs * 4, column = place.Column + own, step = UnitTile.Threads / runs;
        bool addsBias = tile.AddsBias && !tile.GathersMoments;
        // The means of z if gradients are gathered.
        int start = tile.GathersGradients ? column : place.Bias + column;
        Float4 added = new Float4(0, 0, 0, 0), level = new Float4(0, 0, 0, 0), product = new Float4(0, 0, 0, 0);
        if (addsBias || tile.GathersGradients) added = Runs.Load(bias, start, column, 0, place.Columns, tile.IsWide, false);
        for (int first = ThreadId.X / runs; first < tile.TileM; first += Lines * step)
        {
            // All that is read of some lines comes before the first store, which no later load of the result may pass.
            for (int i = 0; i < Lines; i++)
            {
                int target = lines[first + i * step], index = target + column, end = target >= 0 ? place.Columns : 0;
                if (tile.Accumulates)
                    loads.Store4(4 * i, Runs.Load(result, index, column, 0, end, tile.IsWide, tile.IsBFloat16));
                if (tile.GathersGradients)
                {
                    loads.Store4(4 * (Lines + i), Runs.Load(outputs, index, column, 0, end, tile.IsWide, tile.IsBFloat16));
                    loads.Store4(4 * (2 * Lines + i), Runs.Load(inputs, index, column, 0, end, tile.IsWide, tile.IsBFloat16Z));
                }
            }
            for (int i = 0; i < Lines; i++)
            {
                int line = first + i * step, target = lines[line];
                Float4 values = shared.Load4(line * (tile.TileN + UnitTile.Padding) + own);
                if (addsBias) values += added;
                if (!tile.GathersGradients) values = PointwiseFunctions.Forward(function, values);
                if (tile.Accumulates) values += loads.Load4(4 * i);
                if (tile.GathersGradients)
                {
                    values = TileGradients.Through(values, loads.Load4(4 * (Lines + i)), function, tile.IsBFloat16);
                    if (target >= 0 && line < place.Real)
                    {
                        level += values;
                        product = TileGradients.AddProduct(product, values, loads.Load4(4 * (2 * Lines + i)), added);
                    }
                }
                if (target >= 0)
                    Epilogue.Store(
                        result, target + column, bias, 0, column, place.Columns, values, new Identity(), false, false, tile.IsWide,
                        tile.IsBFloat16);
            }
        }
        if (tile.GathersGradients)
        {
            // Sums of columns take the place of the sums, which all threads have read.
            View<float> products = shared.Slice(4 * UnitTile.Threads);
            Group.Barrier();
            shared.Store4(4 * ThreadId.X, level);
            products.Store4(4 * ThreadId.X, product);
            Group.Barrier();
            TileGradients.Store(
                shared, products, moments, place.Part, place.Column, place.Columns, tile.TileN, 4 * UnitTile.Threads / tile.TileN);
        }
    }
}
