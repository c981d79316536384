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
    [Specialization(4)] int lanes, [Specialization] Flag adds, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> y,
    ReadOnlyView<float> dy, View<float> dx, View<float> daddend, ReadOnlyView<float> variances, ReadOnlyView<float> weight,
    BatchNormGrid grid, int area, float epsilon, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => grid.Groups;

    public void Execute()
    {
        int thread = GlobalId.X;
        if (thread >= grid.Count) return;
        int channel = grid.ChannelOf(thread, lanes), i = thread * lanes, output = grid.OutputOf(thread, lanes);
        bool isReal = grid.RowOf(thread) < scalars[0].Images * area;
        if (lanes == 4)
        {
            Float4 dz = PointwiseFunctions.Backward(function, y.Load4(output), dy.Load4(output));
            var gradients = new Float4(
                dz.X * Scale(channel, variances, weight, epsilon), dz.Y * Scale(channel + 1, variances, weight, epsilon),
                dz.Z * Scale(channel + 2, variances, weight, epsilon), dz.W * Scale(channel + 3, variances, weight, epsilon));
            dx.Store4(i, isReal ? gradients : new Float4(0, 0, 0, 0));
            if (adds) daddend.Store4(i, dz);
        }
        else
        {
            float dz = PointwiseFunctions.Backward(function, y[output], dy[output]);
            float gradient = dz * Scale(channel, variances, weight, epsilon);
            dx[i] = isReal ? gradient : 0;
            if (adds) daddend[i] = dz;
        }
    }

    private static float Scale(int channel, ReadOnlyView<float> variances, ReadOnlyView<float> weight, float epsilon) =>
        weight[channel] / KernelMath.Sqrt(variances[channel] + epsilon);
}
