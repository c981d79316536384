using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Finds the largest value of each window and its place: the first in row-major order if several are equal. NaN wins. A thread has
/// neighbouring channels of one output, so that neighbouring threads read neighbouring memory. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="PoolShape.Lanes"/>.</param>
/// <param name="training">Whether there is a backward pass. If not, <paramref name="winners"/> may be any view.</param>
/// <param name="hasByteWinners">See <see cref="PoolWinners.AreBytes"/>.</param>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[N][H][W][C]</param>
/// <param name="y">[N][P][Q][C]; overwritten.</param>
/// <param name="winners">[N][P][Q][C] Place of the winner in its window, row-major, as <see cref="PoolWinners"/> keeps it.</param>
[Kernel(256)]
internal readonly partial struct MaxPoolForward(
    [Specialization(4)] int lanes, [Specialization] Flag training, [Specialization] Flag hasByteWinners, [Specialization] Flag isBFloat16X,
    [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x, View<float> y, View<float> winners, PoolShape shape, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(shape.OutputThreads(images), 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> best = Local.Array<float>(ChannelLanes.Most), values = Local.Array<float>(ChannelLanes.Most);
        Registers<int> winner = Local.Array<int>(ChannelLanes.Most);
        (int image, int p, int q, int channel) = shape.Output(GlobalId.X, lanes);
        if (image >= images) return;
        (int firstRow, int lastRow) = shape.RowsOf(p);
        (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
        int start = shape.StartOf(p, q);
        for (int lane = 0; lane < lanes; lane++)
        {
            best[lane] = float.NegativeInfinity;
            winner[lane] = firstRow * shape.S + firstColumn - start;
        }
        for (int row = firstRow; row < lastRow; row++)
            for (int column = firstColumn; column < lastColumn; column++)
            {
                int place = row * shape.S + column - start;
                ChannelLanes.Load(x, ((image * shape.H + row) * shape.W + column) * shape.Channels + channel, values, lanes, isBFloat16X);
                for (int lane = 0; lane < lanes; lane++)
                    if (!KernelMath.IsNaN(best[lane]) && (KernelMath.IsNaN(values[lane]) || values[lane] > best[lane]))
                    {
                        best[lane] = values[lane];
                        winner[lane] = place;
                    }
            }
        int target = ((image * shape.P + p) * shape.Q + q) * shape.Channels + channel;
        ChannelLanes.Store(best, y, target, lanes, isBFloat16Y);
        if (training) PoolWinners.Store(winner, winners, target, lanes, hasByteWinners);
    }
}

/// <summary>
/// Computes the gradient of a max pool: each input takes the gradients of the windows that it won, in row-major order of the windows. No
/// two threads write the same element, so nothing is cleared first. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="PoolShape.Lanes"/>.</param>
/// <param name="hasByteWinners">See <see cref="PoolWinners.AreBytes"/>.</param>
/// <param name="isBFloat16Y">How dy is stored.</param>
/// <param name="isBFloat16X">How dx is stored.</param>
/// <param name="dy">[N][P][Q][C]</param>
/// <param name="winners">Written by the forward pass.</param>
/// <param name="dx">[N][H][W][C]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct MaxPoolBackward(
    [Specialization(4)] int lanes, [Specialization] Flag hasByteWinners, [Specialization] Flag isBFloat16Y,
    [Specialization] Flag isBFloat16X, ReadOnlyView<float> dy, ReadOnlyView<float> winners, View<float> dx, PoolShape shape, int images)
        : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(shape.InputThreads(images), 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> sum = Local.Array<float>(ChannelLanes.Most), gradient = Local.Array<float>(ChannelLanes.Most);
        Registers<int> winner = Local.Array<int>(ChannelLanes.Most);
        (int image, int h, int w, int channel) = shape.Input(GlobalId.X, lanes);
        if (image >= images) return;
        (int firstP, int lastP) = shape.WindowsOfRow(h);
        (int firstQ, int lastQ) = shape.WindowsOfColumn(w);
        for (int lane = 0; lane < lanes; lane++) sum[lane] = 0;
        for (int p = firstP; p < lastP; p++)
            for (int q = firstQ; q < lastQ; q++)
            {
                int at = ((image * shape.P + p) * shape.Q + q) * shape.Channels + channel, place = h * shape.S + w - shape.StartOf(p, q);
                ChannelLanes.Load(dy, at, gradient, lanes, isBFloat16Y);
                PoolWinners.Load(winners, at, winner, lanes, hasByteWinners);
                for (int lane = 0; lane < lanes; lane++)
                    if (winner[lane] == place) sum[lane] += gradient[lane];
            }
        ChannelLanes.Store(sum, dx, ((image * shape.H + h) * shape.W + w) * shape.Channels + channel, lanes, isBFloat16X);
    }
}
