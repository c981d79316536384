using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Computes dx = weight / deviation (dz - mean(dz) - (x - mean) / deviation mean(dz (x - mean) / deviation)) for the real images and 0 for
/// the others, with dz = f'(y) dy. Also writes dz if an addend needs a gradient. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="BatchNormGrid.Lanes"/>.</param>
/// <param name="adds">Whether <paramref name="daddend"/> is written.</param>
/// <param name="isOfRanks">Whether statistics, dweight and dbias are those of all ranks' images.</param>
/// <param name="isBFloat16X">
/// Whether x and dx are stored as bfloat16. Likewise for y with dy, and for the gradient of the addend.
/// </param>
/// <param name="scalars">[1] Gives the number of real images, and of all ranks' images.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="y">[rows][OutputPitch]; only the first channels are read.</param>
/// <param name="dy">Like y.</param>
/// <param name="dx">Like x; overwritten.</param>
/// <param name="daddend">Like x, or any view; overwritten.</param>
/// <param name="statistics">[2][channels] Means, then 1 / deviation.</param>
/// <param name="weight">[channels]</param>
/// <param name="dweight">[channels]</param>
/// <param name="dbias">[channels]</param>
/// <param name="area">Rows of an image.</param>
[Kernel(BatchNormGrid.Threads), Dispatched]
internal readonly partial struct BatchNormInputGradient<TFunction>(
    [Specialization(4)] int lanes, [Specialization] Flag adds, [Specialization] Flag isOfRanks,
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, [Specialization] Flag isBFloat16Addend,
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx,
    View<float> daddend, ReadOnlyView<float> statistics, ReadOnlyView<float> weight, ReadOnlyView<float> dweight,
    ReadOnlyView<float> dbias, BatchNormGrid grid, int area, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => grid.Groups;

    [Unroll]
    public void Execute()
    {
        Registers<float> values = Local.Array<float>(4 * BatchNormLanes.Rows), outputs = Local.Array<float>(4 * BatchNormLanes.Rows),
            gradients = Local.Array<float>(4 * BatchNormLanes.Rows);
        int thread = GlobalId.X;
        if (thread >= grid.Count) return;
        int channel = grid.ChannelOf(thread, lanes), first = grid.RowOf(thread), step = grid.Step, rows = scalars[0].Images * area;
        for (int i = 0; i < BatchNormLanes.Rows; i++)
        {
            int row = first + i * step, output = row * grid.OutputPitch + channel;
            values.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, x, row * grid.Channels + channel, lanes, isBFloat16X));
            outputs.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, y, output, lanes, isBFloat16Y));
            gradients.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, dy, output, lanes, isBFloat16Y));
        }
        // A float, because the rows of all ranks may be more than an int counts.
        float count = isOfRanks ? (float)scalars[0].AllImages * area : rows, share = 1f / KernelMath.Max(1f, count);
        Float4 mean = BatchNormLanes.Load(statistics, channel, lanes, false),
            inverse = BatchNormLanes.Load(statistics, grid.Channels + channel, lanes, false);
        Float4 slope = inverse * BatchNormLanes.Load(dweight, channel, lanes, false) * share,
            level = BatchNormLanes.Load(dbias, channel, lanes, false) * share;
        Float4 scale = inverse * BatchNormLanes.Load(weight, channel, lanes, false);
        for (int i = 0; i < BatchNormLanes.Rows; i++)
        {
            int row = first + i * step, at = row * grid.Channels + channel;
            if (row < grid.Rows)
            {
                Float4 dz = PointwiseFunctions.Backward(function, outputs.Load4(4 * i), gradients.Load4(4 * i));
                Float4 gradient = scale * (dz - level - (values.Load4(4 * i) - mean) * slope);
                BatchNormLanes.Store(dx, at, row < rows ? gradient : new Float4(0, 0, 0, 0), lanes, isBFloat16X);
                if (adds) BatchNormLanes.Store(daddend, at, dz, lanes, isBFloat16Addend);
            }
        }
    }
}
