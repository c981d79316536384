using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>Averages each bin. A thread has neighbouring channels of one output. Memory-bound.</summary>
/// <param name="lanes">See <see cref="ChannelLanes.For"/>.</param>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[N][H][W][C]</param>
/// <param name="y">[N][P][Q][C]; overwritten.</param>
/// <param name="runs">Threads of a pixel.</param>
[Kernel(256)]
internal readonly partial struct AdaptiveAveragePoolForward(
    [Specialization(4)] int lanes, [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x,
    View<float> y, AdaptiveBins rows, AdaptiveBins columns, Divisor runs, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)images * rows.Bins * columns.Bins * runs.Value, 256));

    /// <summary>Creates the kernel with the most channels per thread that fit.</summary>
    public static AdaptiveAveragePoolForward Of(
        bool isBFloat16X, bool isBFloat16Y, ReadOnlyView<float> x, View<float> y, AdaptiveBins rows, AdaptiveBins columns, int channels,
        int images)
    {
        int lanes = ChannelLanes.For(channels, isBFloat16X || isBFloat16Y);
        return new(lanes, isBFloat16X, isBFloat16Y, x, y, rows, columns, new(channels / lanes), images);
    }

    [Unroll]
    public void Execute()
    {
        Registers<float> sum = Local.Array<float>(ChannelLanes.Most), values = Local.Array<float>(ChannelLanes.Most);
        int thread = GlobalId.X, pixel = runs.Divide(thread), run = thread - pixel * runs.Value;
        int line = pixel / columns.Bins, image = line / rows.Bins;
        if (image >= images) return;
        (int firstRow, int lastRow) = rows.PixelsOf(line - image * rows.Bins);
        (int firstColumn, int lastColumn) = columns.PixelsOf(pixel - line * columns.Bins);
        for (int lane = 0; lane < lanes; lane++) sum[lane] = 0;
        for (int row = firstRow; row < lastRow; row++)
            for (int column = firstColumn; column < lastColumn; column++)
            {
                int at = ((image * rows.Pixels + row) * columns.Pixels + column) * runs.Value + run;
                ChannelLanes.Load(x, at * lanes, values, lanes, isBFloat16X);
                for (int lane = 0; lane < lanes; lane++) sum[lane] += values[lane];
            }
        float share = 1f / ((lastRow - firstRow) * (lastColumn - firstColumn));
        for (int lane = 0; lane < lanes; lane++) sum[lane] *= share;
        ChannelLanes.Store(sum, y, thread * lanes, lanes, isBFloat16Y);
    }
}

/// <summary>
/// Computes the gradient of an adaptive average pool: each input takes its share of the bins that contain it, in row-major order. A thread
/// has neighbouring channels of one input. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="ChannelLanes.For"/>.</param>
/// <param name="isBFloat16Y">How dy is stored.</param>
/// <param name="isBFloat16X">How dx is stored.</param>
/// <param name="dy">[N][P][Q][C]</param>
/// <param name="dx">[N][H][W][C]; overwritten.</param>
/// <param name="runs">Threads of a pixel.</param>
[Kernel(256)]
internal readonly partial struct AdaptiveAveragePoolBackward(
    [Specialization(4)] int lanes, [Specialization] Flag isBFloat16Y, [Specialization] Flag isBFloat16X, ReadOnlyView<float> dy,
    View<float> dx, AdaptiveBins rows, AdaptiveBins columns, Divisor runs, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)images * rows.Pixels * columns.Pixels * runs.Value, 256));

    /// <summary>Creates the kernel with the most channels per thread that fit.</summary>
    public static AdaptiveAveragePoolBackward Of(
        bool isBFloat16Y, bool isBFloat16X, ReadOnlyView<float> dy, View<float> dx, AdaptiveBins rows, AdaptiveBins columns, int channels,
        int images)
    {
        int lanes = ChannelLanes.For(channels, isBFloat16X || isBFloat16Y);
        return new(lanes, isBFloat16Y, isBFloat16X, dy, dx, rows, columns, new(channels / lanes), images);
    }

    [Unroll]
    public void Execute()
    {
        Registers<float> sum = Local.Array<float>(ChannelLanes.Most), values = Local.Array<float>(ChannelLanes.Most);
        int thread = GlobalId.X, pixel = runs.Divide(thread), run = thread - pixel * runs.Value;
        int line = pixel / columns.Pixels, image = line / rows.Pixels;
        if (image >= images) return;
        (int firstP, int lastP) = rows.BinsOf(line - image * rows.Pixels);
        (int firstQ, int lastQ) = columns.BinsOf(pixel - line * columns.Pixels);
        for (int lane = 0; lane < lanes; lane++) sum[lane] = 0;
        for (int p = firstP; p < lastP; p++)
        {
            (int firstRow, int lastRow) = rows.PixelsOf(p);
            for (int q = firstQ; q < lastQ; q++)
            {
                (int firstColumn, int lastColumn) = columns.PixelsOf(q);
                float share = 1f / ((lastRow - firstRow) * (lastColumn - firstColumn));
                int at = ((image * rows.Bins + p) * columns.Bins + q) * runs.Value + run;
                ChannelLanes.Load(dy, at * lanes, values, lanes, isBFloat16Y);
                for (int lane = 0; lane < lanes; lane++) sum[lane] += values[lane] * share;
            }
        }
        ChannelLanes.Store(sum, dx, thread * lanes, lanes, isBFloat16X);
    }
}
