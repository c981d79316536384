using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Stores a tile of a product from the registers of its threads, with the moments of its columns or the sums of a norm's gradient.
/// </summary>
internal static class TileEpilogue
{
    /// <summary>Stores the tile. All threads of the group call this after their last step of the reduction.</summary>
    /// <param name="sums">The thread's sums, [perM * perN] as in a <see cref="RegisterTile"/>; overwritten.</param>
    /// <param name="lines">[perM] Index in the result at which each line of the thread starts, or -1 if there is no such line.</param>
    /// <param name="left">Shared, at least [tileM / perM * tileN] and [2 * tileN]; overwritten. Likewise the right.</param>
    /// <param name="bias">The bias; the means of z if gradients are gathered.</param>
    /// <param name="moments">[rows of tiles][floats][columns]</param>
    /// <param name="outputs">v, like the result.</param>
    /// <param name="inputs">z, like the result.</param>
    [Unroll]
    public static void Store<TFunction>(
        TileResult tile, TilePlace place, int perM, int perN, Registers<float> sums, Registers<int> lines, View<float> left,
        View<float> right, View<float> result, ReadOnlyView<float> bias, View<float> moments, ReadOnlyView<float> outputs,
        ReadOnlyView<float> inputs, TFunction function)
        where TFunction : unmanaged, IPointwise
    {
        if (tile.GathersMoments)
        {
            if (tile.AddsBias) TileMoments.AddBias(sums, bias, place.Column, place.Columns, tile.TileN, perM, perN, tile.IsWide);
            // Moments are of the values as they are stored.
            for (int i = 0; i < TileMoments.Most * TileMoments.Most; i++)
                if (i < perM * perN) sums[i] = StoredValues.Round(sums[i], tile.IsBFloat16);
            TileMoments.Gather(
                sums, left, right, moments, place.Real, place.Part, place.Column, place.Columns, tile.TileM, tile.TileN, perM, perN);
        }
        if (tile.GathersGradients)
            GatherGradients(
                tile, place, perM, perN, sums, lines, left, right, result, bias, moments, outputs, inputs, function);
        for (int i = 0; i < TileMoments.Most; i++)
        {
            if (i < perM && lines[i] >= 0)
            {
                for (int j = 0; j < TileMoments.Most; j += 4)
                {
                    if (j < perN)
                    {
                        int column = place.Column + RegisterTile.Place(ThreadId.X, j, tile.TileN), index = lines[i] + column;
                        Float4 values = sums.Load4(RegisterTile.IndexOf(i, j, perN));
                        if (tile.GathersGradients)
                            Epilogue.Store(
                                result, index, bias, 0, column, place.Columns, values, new Identity(), false, false, tile.IsWide,
                                tile.IsBFloat16);
                        else Epilogue.Store(
                            result, index, bias, place.Bias, column, place.Columns, values, function,
                            tile.AddsBias && !tile.GathersMoments, tile.Accumulates, tile.IsWide, tile.IsBFloat16);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Makes dz = f'(v) dv of the sums, which are dv or are added to it, as it is stored. Gathers what the norm's gradient needs of a tile.
    /// </summary>
    /// <inheritdoc cref="Store"/>
    [Unroll]
    public static void GatherGradients<TFunction>(
        TileResult tile, TilePlace place, int perM, int perN, Registers<float> sums, Registers<int> lines, View<float> left,
        View<float> right, ReadOnlyView<float> result, ReadOnlyView<float> means, View<float> parts, ReadOnlyView<float> outputs,
        ReadOnlyView<float> inputs, TFunction function)
        where TFunction : unmanaged, IPointwise
    {
        // Sums of columns take the place of the tiles, which all threads have read.
        Group.Barrier();
        for (int j = 0; j < TileMoments.Most; j += 4)
        {
            if (j < perN)
            {
                int own = RegisterTile.Place(ThreadId.X, j, tile.TileN), column = place.Column + own;
                Float4 mean = Runs.Load(means, column, column, 0, place.Columns, tile.IsWide, false);
                Float4 level = new Float4(0, 0, 0, 0), product = new Float4(0, 0, 0, 0);
                for (int i = 0; i < TileMoments.Most; i++)
                {
                    if (i < perM && lines[i] >= 0)
                    {
                        int at = RegisterTile.IndexOf(i, j, perN), index = lines[i] + column;
                        Float4 dv = sums.Load4(at);
                        if (tile.Accumulates) dv += Runs.Load(result, index, column, 0, place.Columns, tile.IsWide, tile.IsBFloat16);
                        Float4 dz = TileGradients.Through(
                            dv, Runs.Load(outputs, index, column, 0, place.Columns, tile.IsWide, tile.IsBFloat16), function,
                            tile.IsBFloat16);
                        sums.Store4(at, dz);
                        if (RegisterTile.Place(ThreadId.Y, i, tile.TileM) < place.Real)
                        {
                            level += dz;
                            product = TileGradients.AddProduct(
                                product, dz, Runs.Load(inputs, index, column, 0, place.Columns, tile.IsWide, tile.IsBFloat16Z), mean);
                        }
                    }
                }
                left.Store4(ThreadId.Y * tile.TileN + own, level);
                right.Store4(ThreadId.Y * tile.TileN + own, product);
            }
        }
        Group.Barrier();
        TileGradients.Store(left, right, parts, place.Part, place.Column, place.Columns, tile.TileN, GroupSize.Y);
    }
}
