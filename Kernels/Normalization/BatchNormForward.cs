using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Launch grid of kernels over all values of a batch. A thread has four channels of a pixel if channels are multiples of 4, else one.
/// </summary>
/// <param name="Channels">Number of channels.</param>
/// <param name="Rows">Number of pixels in the batch.</param>
/// <param name="OutputPitch">
/// Floats from one pixel to the next of the output and its gradient, which may be a slice of a volume with more channels.
/// </param>
internal readonly record struct BatchNormGrid(int Channels, int Rows, int OutputPitch)
{
    internal const int Threads = 256;

    private readonly Divisor _runs = new((Channels | OutputPitch) % 4 == 0 ? Channels / 4 : Channels);

    /// <summary>Number of channels that a thread computes: 4 or 1.</summary>
    public int Lanes => (Channels | OutputPitch) % 4 == 0 ? 4 : 1;

    /// <summary>Number of threads that have work.</summary>
    public int Count => Rows * _runs.Value;

    public Size3 Groups => new(Size3.Groups(Count, Threads));

    /// <summary>Returns the first channel of a thread.</summary>
    public int ChannelOf(int thread, int lanes) => _runs.Remainder(thread) * lanes;

    /// <summary>Returns the pixel of a thread.</summary>
    public int RowOf(int thread) => _runs.Divide(thread);

    /// <summary>Returns the index of a thread's first value in the output.</summary>
    public int OutputOf(int thread, int lanes) => RowOf(thread) * OutputPitch + ChannelOf(thread, lanes);
}

/// <summary>Computes y = f((x - mean) / deviation * weight + bias + addend). Memory-bound.</summary>
/// <param name="lanes">See <see cref="BatchNormGrid.Lanes"/>.</param>
/// <param name="isVariance">Whether <paramref name="scales"/> holds variances.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="addend">Like x; any view if there is no addend.</param>
/// <param name="y">[rows][OutputPitch]; only the first channels are overwritten.</param>
/// <param name="means">[channels]</param>
/// <param name="scales">[channels] 1 / deviation, or variances.</param>
/// <param name="weight">[channels]</param>
/// <param name="bias">[channels]</param>
[Kernel(BatchNormGrid.Threads), Dispatched]
internal readonly partial struct BatchNormForward<TFunction>(
    [Specialization(4)] int lanes, [Specialization] Flag isVariance, [Specialization] Flag adds, ReadOnlyView<float> x,
        ReadOnlyView<float> addend, View<float> y,
    ReadOnlyView<float> means, ReadOnlyView<float> scales, ReadOnlyView<float> weight, ReadOnlyView<float> bias, BatchNormGrid grid,
    float epsilon, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => grid.Groups;

    public void Execute()
    {
        int thread = GlobalId.X;
        if (thread >= grid.Count) return;
        int channel = grid.ChannelOf(thread, lanes), i = thread * lanes, output = grid.OutputOf(thread, lanes);
        if (lanes == 4)
        {
            Float4 values = x.Load4(i);
            var sums = new Float4(
                Value(values.X, channel, means, scales, weight, bias, isVariance, epsilon),
                Value(values.Y, channel + 1, means, scales, weight, bias, isVariance, epsilon),
                Value(values.Z, channel + 2, means, scales, weight, bias, isVariance, epsilon),
                Value(values.W, channel + 3, means, scales, weight, bias, isVariance, epsilon));
            if (adds) sums += addend.Load4(i);
            y.Store4(output, PointwiseFunctions.Forward(function, sums));
        }
        else
        {
            float sum = Value(x[i], channel, means, scales, weight, bias, isVariance, epsilon);
            if (adds) sum += addend[i];
            y[output] = PointwiseFunctions.Forward(function, sum);
        }
    }

    private static float Value(
        float value, int channel, ReadOnlyView<float> means, ReadOnlyView<float> scales, ReadOnlyView<float> weight,
        ReadOnlyView<float> bias, bool isVariance, float epsilon)
    {
        float scale = isVariance ? 1 / KernelMath.Sqrt(scales[channel] + epsilon) : scales[channel];
        return KernelMath.FusedMultiplyAdd(value - means[channel], scale * weight[channel], bias[channel]);
    }
}
