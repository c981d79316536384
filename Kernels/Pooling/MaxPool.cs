using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Finds the largest value of each window and its position: the first in row-major order if several are equal. NaN wins. A thread has
/// neighbouring channels of one output, so that neighbouring threads read neighbouring memory. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="PoolShape.Lanes"/>.</param>
/// <param name="training">Whether there is a backward pass. If not, <paramref name="winners"/> may be any view.</param>
/// <param name="x">[N][H][W][C]</param>
/// <param name="y">[N][P][Q][C]; overwritten.</param>
/// <param name="winners">
/// [N][P][Q][C] Offset of the winner in its H by W plane, in pixels, stored as bits of a float because integers have no loads of four.
/// </param>
[Kernel(256)]
internal readonly partial struct MaxPoolForward(
    [Specialization(4)] int lanes, [Specialization] Flag training, ReadOnlyView<float> x, View<float> y, View<float> winners,
    PoolShape shape, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(shape.OutputThreads(images), 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> best = Local.Array<float>(PoolLanes.Most), winner = Local.Array<float>(PoolLanes.Most);
        Registers<float> values = Local.Array<float>(PoolLanes.Most);
        (int image, int p, int q, int channel) = shape.Output(GlobalId.X, lanes);
        if (image >= images) return;
        (int firstRow, int lastRow) = shape.RowsOf(p);
        (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
        for (int lane = 0; lane < lanes; lane++)
        {
            best[lane] = float.NegativeInfinity;
            winner[lane] = Bits.ToSingle(firstRow * shape.W + firstColumn);
        }
        for (int row = firstRow; row < lastRow; row++)
            for (int column = firstColumn; column < lastColumn; column++)
            {
                int pixel = row * shape.W + column;
                PoolLanes.Load(x, (image * shape.H * shape.W + pixel) * shape.Channels + channel, values, lanes);
                for (int lane = 0; lane < lanes; lane++)
                    if (!KernelMath.IsNaN(best[lane]) && (KernelMath.IsNaN(values[lane]) || values[lane] > best[lane]))
                    {
                        best[lane] = values[lane];
                        winner[lane] = Bits.ToSingle(pixel);
                    }
            }
        int target = ((image * shape.P + p) * shape.Q + q) * shape.Channels + channel;
        PoolLanes.Store(best, y, target, lanes);
        if (training) PoolLanes.Store(winner, winners, target, lanes);
    }
}

/// <summary>
/// Computes the gradient of a max pool: each input takes the gradients of the windows that it won, in row-major order of the windows. No
/// two threads write the same element, so nothing is cleared first. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="PoolShape.Lanes"/>.</param>
/// <param name="dy">[N][P][Q][C]</param>
/// <param name="winners">Written by the forward pass.</param>
/// <param name="dx">[N][H][W][C]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct MaxPoolBackward(
    [Specialization(4)] int lanes, ReadOnlyView<float> dy, ReadOnlyView<float> winners, View<float> dx, PoolShape shape, int images)
        : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(shape.InputThreads(images), 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> sum = Local.Array<float>(PoolLanes.Most);
        Registers<float> gradient = Local.Array<float>(PoolLanes.Most), winner = Local.Array<float>(PoolLanes.Most);
        (int image, int h, int w, int channel) = shape.Input(GlobalId.X, lanes);
        if (image >= images) return;
        (int firstP, int lastP) = shape.WindowsOfRow(h);
        (int firstQ, int lastQ) = shape.WindowsOfColumn(w);
        for (int lane = 0; lane < lanes; lane++) sum[lane] = 0;
        for (int p = firstP; p < lastP; p++)
            for (int q = firstQ; q < lastQ; q++)
            {
                int at = ((image * shape.P + p) * shape.Q + q) * shape.Channels + channel;
                PoolLanes.Load(dy, at, gradient, lanes);
                PoolLanes.Load(winners, at, winner, lanes);
                for (int lane = 0; lane < lanes; lane++)
                    if (Bits.ToInt32(winner[lane]) == h * shape.W + w) sum[lane] += gradient[lane];
            }
        PoolLanes.Store(sum, dx, ((image * shape.H + h) * shape.W + w) * shape.Channels + channel, lanes);
    }
}
