using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>Averages each bin. A thread has one output. Memory-bound.</summary>
/// <param name="x">[N][H][W][C]</param>
/// <param name="y">[N][P][Q][C]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct AdaptiveAveragePoolForward(
    ReadOnlyView<float> x, View<float> y, AdaptiveBins rows, AdaptiveBins columns, Divisor channels, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)images * rows.Bins * columns.Bins * channels.Value, 256));

    public void Execute()
    {
        int i = GlobalId.X, pixel = channels.Divide(i), channel = i - pixel * channels.Value;
        int line = pixel / columns.Bins, image = line / rows.Bins;
        if (image >= images) return;
        (int firstRow, int lastRow) = rows.PixelsOf(line - image * rows.Bins);
        (int firstColumn, int lastColumn) = columns.PixelsOf(pixel - line * columns.Bins);
        float sum = 0;
        for (int row = firstRow; row < lastRow; row++)
            for (int column = firstColumn; column < lastColumn; column++)
                sum += x[((image * rows.Pixels + row) * columns.Pixels + column) * channels.Value + channel];
        y[i] = sum * (1f / ((lastRow - firstRow) * (lastColumn - firstColumn)));
    }
}

/// <summary>
/// Computes the gradient of an adaptive average pool: each input takes its share of the bins that contain it, in row-major order. A thread
/// has one input. Memory-bound.
/// </summary>
/// <param name="dy">[N][P][Q][C]</param>
/// <param name="dx">[N][H][W][C]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct AdaptiveAveragePoolBackward(
    ReadOnlyView<float> dy, View<float> dx, AdaptiveBins rows, AdaptiveBins columns, Divisor channels, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups((long)images * rows.Pixels * columns.Pixels * channels.Value, 256));

    public void Execute()
    {
        int i = GlobalId.X, pixel = channels.Divide(i), channel = i - pixel * channels.Value;
        int line = pixel / columns.Pixels, image = line / rows.Pixels;
        if (image >= images) return;
        (int firstP, int lastP) = rows.BinsOf(line - image * rows.Pixels);
        (int firstQ, int lastQ) = columns.BinsOf(pixel - line * columns.Pixels);
        float sum = 0;
        for (int p = firstP; p < lastP; p++)
        {
            (int firstRow, int lastRow) = rows.PixelsOf(p);
            for (int q = firstQ; q < lastQ; q++)
            {
                (int firstColumn, int lastColumn) = columns.PixelsOf(q);
                float share = 1f / ((lastRow - firstRow) * (lastColumn - firstColumn));
                sum += dy[((image * rows.Bins + p) * columns.Bins + q) * channels.Value + channel] * share;
            }
        }
        dx[i] = sum;
    }
}
