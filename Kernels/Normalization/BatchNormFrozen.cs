using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Writes means and inverse deviations of frozen running statistics, as the gradient's sums read them.</summary>
/// <param name="means">[channels]</param>
/// <param name="variances">[channels]</param>
/// <param name="statistics">[2][channels] Means, then 1 / sqrt(variance + epsilon); overwritten.</param>
[Kernel(256)]
internal readonly partial struct BatchNormFrozenStatistics(
    ReadOnlyView<float> means, ReadOnlyView<float> variances, View<float> statistics, int channels, float epsilon) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, 256));

    public void Execute()
    {
        int channel = GlobalId.X;
        if (channel >= channels) return;
        statistics[channel] = means[channel];
        statistics[channels + channel] = 1f / KernelMath.Sqrt(variances[channel] + epsilon);
    }
}

/// <summary>
/// Computes dx = weight / sqrt(variance + epsilon) dz for the real images and 0 for the others, with dz = f'(y) dy: the statistics do not
/// depend on x. Also writes dz if an addend needs a gradient. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="BatchNormGrid.Lanes"/>.</param>
/// <param name="adds">Whether <paramref name="daddend"/> is written.</param>
/// <param name="isBFloat16X">Whether dx is stored as bfloat16. Likewise for y with dy, and for the gradient of the addend.</param>
/// <param name="scalars">[1] Gives the number of real images.</param>
/// <param name="y">[rows][OutputPitch]; only the first channels are read.</param>
/// <param name="dy">Like y.</param>
/// <param name="dx">[rows][channels]; overwritten.</param>
/// <param name="daddend">Like dx, or any view; overwritten.</param>
/// <param name="variances">[channels]</param>
/// <param name="weight">[channels]</param>
/// <param name="area">Rows of an image.</param>
[Kernel(BatchNormGrid.Threads), Dispatched]
internal readonly partial struct BatchNormFrozenInputGradient<TFunction>(
    [Specialization(4)] int lanes, [Specialization] Flag adds, [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y,
    [Specialization] Flag isBFloat16Addend, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> y, ReadOnlyView<float> dy,
    View<float> dx, View<float> daddend, ReadOnlyView<float> variances, ReadOnlyView<float> weight, BatchNormGrid grid, int area,
    float epsilon, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => grid.Groups;

    [Unroll]
    public void Execute()
    {
        Registers<float> outputs = Local.Array<float>(4 * BatchNormLanes.Rows), gradients = Local.Array<float>(4 * BatchNormLanes.Rows);
        int thread = GlobalId.X;
        if (thread >= grid.Count) return;
        int channel = grid.ChannelOf(thread, lanes), first = grid.RowOf(thread), step = grid.Step, rows = scalars[0].Images * area;
        for (int i = 0; i < BatchNormLanes.Rows; i++)
        {
            int row = first + i * step, output = row * grid.OutputPitch + channel;
            outputs.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, y, output, lanes, isBFloat16Y));
            gradients.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, dy, output, lanes, isBFloat16Y));
        }
        Float4 scale = BatchNormLanes.Inverse(BatchNormLanes.Load(variances, channel, lanes, false), epsilon)
            * BatchNormLanes.Load(weight, channel, lanes, false);
        for (int i = 0; i < BatchNormLanes.Rows; i++)
        {
            int row = first + i * step, at = row * grid.Channels + channel;
            if (row < grid.Rows)
            {
                Float4 dz = PointwiseFunctions.Backward(function, outputs.Load4(4 * i), gradients.Load4(4 * i));
                BatchNormLanes.Store(dx, at, row < rows ? dz * scale : new Float4(0, 0, 0, 0), lanes, isBFloat16X);
                if (adds) BatchNormLanes.Store(daddend, at, dz, lanes, isBFloat16Addend);
            }
        }
    }
}
