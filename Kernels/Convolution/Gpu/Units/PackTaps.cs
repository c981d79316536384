using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu.Units;

/// <summary>Sizes of a packed input, as <see cref="PackedTaps"/> has them.</summary>
internal struct PackMap
{
    /// <summary>Channels and columns of x.</summary>
    public int Channels, Columns;

    /// <summary>Channels of a tap, loads of 16 bytes in a run, and runs in a row.</summary>
    public Divisor TapChannels, RunLoads, Width;

    /// <summary>Columns of x from one run to the next, and the column at which the first begins.</summary>
    public int Step, Start;
}

/// <summary>
/// Copies rows of an image to runs of neighbouring pixels, with zeros outside the row and for channels past the last, rounded if the copy
/// is. Memory-bound: a thread writes 16 bytes.
/// </summary>
/// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for y.</param>
/// <param name="x">[rows][Columns][Channels]</param>
/// <param name="y">[rows][Width][RunLoads][16 bytes]; overwritten.</param>
/// <param name="count">Loads of 16 bytes in y.</param>
[Kernel(Threads)]
internal readonly partial struct PackTaps(
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x, View<float> y, PackMap map, int count)
    : IKernelGrid
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    public void Execute()
    {
        int load = GlobalId.X;
        if (load >= count) return;
        int run = map.RunLoads.Divide(load), row = map.Width.Divide(run), column = (run - row * map.Width.Value) * map.Step + map.Start;
        int position = (load - run * map.RunLoads.Value) * (isBFloat16Y ? 8 : 4);
        Float4 low = Four(x, map, row, column, position, isBFloat16X);
        if (isBFloat16Y)
            StoredValues.Store8(y, load * 8, new Float8(low, Four(x, map, row, column, position + 4, isBFloat16X)), true);
        else y.Store4(load * 4, low);
    }

    private static Float4 Four(ReadOnlyView<float> x, PackMap map, int row, int column, int position, bool isBFloat16) => new Float4(
        At(x, map, row, column, position, isBFloat16), At(x, map, row, column, position + 1, isBFloat16),
        At(x, map, row, column, position + 2, isBFloat16), At(x, map, row, column, position + 3, isBFloat16));

    private static float At(ReadOnlyView<float> x, PackMap map, int row, int column, int position, bool isBFloat16)
    {
        int tap = map.TapChannels.Divide(position), c = position - tap * map.TapChannels.Value, w = column + tap;
        return c < map.Channels && w >= 0 && w < map.Columns
            ? StoredValues.Load(x, (row * map.Columns + w) * map.Channels + c, isBFloat16)
            : 0;
    }
}

/// <summary>
/// Copies a filter to the order of a packed input, with zeros where there is no tap or no channel. Memory-bound: a thread writes 16 bytes.
/// </summary>
/// <param name="filter">[R][S][C][K]</param>
/// <param name="packed">[rows][K]; overwritten.</param>
/// <param name="loads">Loads of 16 bytes in a row.</param>
/// <param name="count">Loads of 16 bytes in all rows.</param>
[Kernel(Threads)]
internal readonly partial struct PackFilter(ReadOnlyView<float> filter, View<float> packed, PackedRows rows, Divisor loads, int count)
    : IKernelGrid
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    public void Execute()
    {
        int load = GlobalId.X;
        if (load < count) packed.Store4(load * 4, Row(filter, rows, loads, load));
    }

    private static Float4 Row(ReadOnlyView<float> filter, PackedRows rows, Divisor loads, int load)
    {
        int row = loads.Divide(load), from = PackedRows.Of(rows, row);
        if (from < 0) return new Float4(0, 0, 0, 0);
        return filter.Load4((from * loads.Value + load - row * loads.Value) * 4);
    }
}
