using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Computes y = f((x - mean) / deviation * weight + bias + addend). Memory-bound.</summary>
/// <param name="lanes">See <see cref="BatchNormGrid.Lanes"/>.</param>
/// <param name="isVariance">Whether <paramref name="scales"/> holds variances.</param>
/// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for the addend and for y.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="addend">Like x; any view if there is no addend.</param>
/// <param name="y">[rows][OutputPitch]; only the first channels are overwritten.</param>
/// <param name="means">[channels]</param>
/// <param name="scales">[channels] 1 / deviation, or variances.</param>
/// <param name="weight">[channels]</param>
/// <param name="bias">[channels]</param>
[Kernel(BatchNormGrid.Threads), Dispatched]
internal readonly partial struct BatchNormForward<TFunction>(
    [Specialization(4)] int lanes, [Specialization] Flag isVariance, [Specialization] Flag adds,
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Addend, [Specialization] Flag isBFloat16Y,
    ReadOnlyView<float> x, ReadOnlyView<float> addend, View<float> y, ReadOnlyView<float> means, ReadOnlyView<float> scales,
    ReadOnlyView<float> weight, ReadOnlyView<float> bias, BatchNormGrid grid, float epsilon, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => grid.Groups;

    [Unroll]
    public void Execute()
    {
        Registers<float> values = Local.Array<float>(4 * BatchNormLanes.Rows), addends = Local.Array<float>(4 * BatchNormLanes.Rows);
        int thread = GlobalId.X;
        if (thread >= grid.Count) return;
        int channel = grid.ChannelOf(thread, lanes), first = grid.RowOf(thread), step = grid.Step;
        for (int i = 0; i < BatchNormLanes.Rows; i++)
        {
            int row = first + i * step, at = row * grid.Channels + channel;
            values.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, x, at, lanes, isBFloat16X));
            if (adds) addends.Store4(4 * i, BatchNormLanes.LoadIf(row < grid.Rows, addend, at, lanes, isBFloat16Addend));
        }
        Float4 mean = BatchNormLanes.Load(means, channel, lanes, false), scale = BatchNormLanes.Load(scales, channel, lanes, false);
        Float4 shift = BatchNormLanes.Load(bias, channel, lanes, false);
        if (isVariance) scale = BatchNormLanes.Inverse(scale, epsilon);
        scale *= BatchNormLanes.Load(weight, channel, lanes, false);
        for (int i = 0; i < BatchNormLanes.Rows; i++)
        {
            int row = first + i * step;
            if (row < grid.Rows)
            {
                Float4 sums = BatchNormLanes.MultiplyAdd(values.Load4(4 * i) - mean, scale, shift);
                if (adds) sums += addends.Load4(4 * i);
                BatchNormLanes.Store(
                    y, row * grid.OutputPitch + channel, PointwiseFunctions.Forward(function, sums), lanes, isBFloat16Y);
            }
        }
    }
}
