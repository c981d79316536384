using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Averages each window. A thread has neighbouring channels of one output. If the window is large, such as a whole map, 16 threads share
/// its pixels, and their sums are added as a tree. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="PoolShape.Lanes"/>.</param>
/// <param name="slices">See <see cref="Slices"/>.</param>
/// <param name="countPadding">Whether padding counts as zeros (PyTorch's default), or only what lies inside the input.</param>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[N][H][W][C]</param>
/// <param name="y">[N][P][Q][C]; overwritten.</param>
[Kernel]
internal readonly partial struct AveragePoolForward(
    [Specialization(4)] int lanes, [Specialization(1)] int slices, [Specialization] Flag countPadding,
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x, View<float> y, PoolShape shape,
    int images) : IKernelGrid
{
    private const int Threads = 256;

    public Size3 GroupShape => new(Threads / slices, slices);

    public Size3 Groups => new(Size3.Groups(shape.OutputThreads(images), Threads / slices));

    /// <summary>
    /// Number of threads that share a window. It follows from the window's size alone, so that an image's result does not depend on its
    /// batch.
    /// </summary>
    public static int Slices(PoolShape shape) => shape.R * shape.S < 64 ? 1 : 16;

    [Unroll]
    public void Execute()
    {
        View<float> shared = Shared.Array<float>(Threads * lanes);
        Registers<float> sum = Local.Array<float>(ChannelLanes.Most), values = Local.Array<float>(ChannelLanes.Most);
        (int image, int p, int q, int channel) = shape.Output(GlobalId.X, lanes);
        for (int lane = 0; lane < lanes; lane++) sum[lane] = 0;
        if (image < images)
        {
            (int row, int lastRow) = shape.RowsOf(p);
            (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
            for (int column = firstColumn + ThreadId.Y; row < lastRow; column += slices)
            {
                while (column >= lastColumn && row < lastRow)
                {
                    column -= lastColumn - firstColumn;
                    row++;
                }
                if (row >= lastRow) break;
                ChannelLanes.Load(x, ((image * shape.H + row) * shape.W + column) * shape.Channels + channel, values, lanes, isBFloat16X);
                for (int lane = 0; lane < lanes; lane++) sum[lane] += values[lane];
            }
        }
        if (slices > 1)
        {
            int own = ThreadId.Y * GroupSize.X + ThreadId.X;
            for (int lane = 0; lane < lanes; lane++) shared[own + lane * Threads] = sum[lane];
            Group.Barrier();
            for (int half = GroupSize.Y / 2; half > 0; half /= 2)
            {
                if (ThreadId.Y < half)
                    for (int lane = 0; lane < lanes; lane++)
                        shared[own + lane * Threads] += shared[own + half * GroupSize.X + lane * Threads];
                Group.Barrier();
            }
            for (int lane = 0; lane < lanes; lane++) sum[lane] = shared[own + lane * Threads];
        }
        if (image >= images || ThreadId.Y > 0) return;
        float share = AverageShare.Of(shape, p, q, countPadding);
        for (int lane = 0; lane < lanes; lane++) sum[lane] *= share;
        ChannelLanes.Store(sum, y, ((image * shape.P + p) * shape.Q + q) * shape.Channels + channel, lanes, isBFloat16Y);
    }
}

/// <summary>
/// Computes the gradient of an average pool: each input takes its share of the windows that contain it, in row-major order of the windows.
/// Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="PoolShape.Lanes"/>.</param>
/// <param name="countPadding">As in the forward pass.</param>
/// <param name="isBFloat16Y">How dy is stored.</param>
/// <param name="isBFloat16X">How dx is stored.</param>
/// <param name="dy">[N][P][Q][C]</param>
/// <param name="dx">[N][H][W][C]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct AveragePoolBackward(
    [Specialization(4)] int lanes, [Specialization] Flag countPadding, [Specialization] Flag isBFloat16Y,
    [Specialization] Flag isBFloat16X, ReadOnlyView<float> dy, View<float> dx, PoolShape shape, int images) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(shape.InputThreads(images), 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> sum = Local.Array<float>(ChannelLanes.Most), gradient = Local.Array<float>(ChannelLanes.Most);
        (int image, int h, int w, int channel) = shape.Input(GlobalId.X, lanes);
        if (image >= images) return;
        (int firstP, int lastP) = shape.WindowsOfRow(h);
        (int firstQ, int lastQ) = shape.WindowsOfColumn(w);
        for (int lane = 0; lane < lanes; lane++) sum[lane] = 0;
        for (int p = firstP; p < lastP; p++)
            for (int q = firstQ; q < lastQ; q++)
            {
                ChannelLanes.Load(dy, ((image * shape.P + p) * shape.Q + q) * shape.Channels + channel, gradient, lanes, isBFloat16Y);
                float share = AverageShare.Of(shape, p, q, countPadding);
                for (int lane = 0; lane < lanes; lane++) sum[lane] += gradient[lane] * share;
            }
        ChannelLanes.Store(sum, dx, ((image * shape.H + h) * shape.W + w) * shape.Channels + channel, lanes, isBFloat16X);
    }
}

/// <summary>Computes the factor that turns a window's sum into its average.</summary>
internal static class AverageShare
{
    public static float Of(PoolShape shape, int p, int q, bool countPadding)
    {
        if (countPadding)
        {
            int top = p * shape.StrideH - shape.PadH, left = q * shape.StrideW - shape.PadW;
            int rows = KernelMath.Min(top + shape.R, shape.H + shape.PadH) - top;
            return 1f / (rows * (KernelMath.Min(left + shape.S, shape.W + shape.PadW) - left));
        }
        (int firstRow, int lastRow) = shape.RowsOf(p);
        (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
        return 1f / ((lastRow - firstRow) * (lastColumn - firstColumn));
    }
}
