using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Merges the moments of all parts of a rank's rows into one, which the ranks exchange. A column of threads shares the parts of a
/// channel.
/// </summary>
/// <param name="scalars">[1] Gives the number of real images; the others are left out.</param>
/// <param name="parts">[parts][3][channels] as <see cref="BatchNormMoments"/> writes them.</param>
/// <param name="moments">
/// [4][channels] First value, mean relative to it, sum of squared distances from the mean, and number of values. Overwritten.
/// </param>
/// <param name="area">Rows of an image.</param>
/// <param name="partRows">Rows in a part.</param>
[Kernel(BatchNormRun.Width, BatchNormRun.Height)]
internal readonly partial struct BatchNormRankMoments(
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> parts, View<float> moments, int area, int channels, int partRows, int partCount)
    : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, BatchNormRun.Width));

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height),
            spreads = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height);
        int channel = GlobalId.X, rows = scalars[0].Images * area;
        BatchNormRun.Merge(sums, spreads, parts, 0, partCount, channel, channels, partRows, rows);
        if (ThreadId.Y > 0 || channel >= channels) return;
        float total = KernelMath.Max(1, rows), sum = sums[ThreadId.X];
        BatchNormRun.Store(
            moments, 0, channel, channels, parts[channel], parts[channels + channel] + sum / total,
            KernelMath.Max(0f, spreads[ThreadId.X] - sum * sum / total));
        moments[3 * channels + channel] = rows;
    }
}

/// <summary>
/// Computes mean and inverse deviation of each channel over all ranks, whose moments are merged in their order, and updates the running
/// statistics if the step says so.
/// </summary>
/// <param name="scalars">[1] Says whether the step updates state.</param>
/// <param name="moments">[ranks][4][channels] as <see cref="BatchNormRankMoments"/> writes them.</param>
/// <param name="statistics">[2][channels] Means, then 1 / sqrt(variance + epsilon); overwritten.</param>
/// <param name="runningMean">[channels] Moved towards the mean by the momentum.</param>
/// <param name="runningVariance">[channels] Moved towards the variance, unbiased by the values of all ranks, by the momentum.</param>
/// <param name="batches">[1] Number of batches; incremented.</param>
[Kernel(256)]
internal readonly partial struct BatchNormRankStatistics(
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> moments, View<float> statistics, View<float> runningMean,
    View<float> runningVariance, View<float> batches, int channels, int ranks, float epsilon, float momentum) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, 256));

    public void Execute()
    {
        int channel = GlobalId.X;
        if (channel >= channels) return;
        float origin = 0;
        Moments all = new Moments(0, 0, 0);
        for (int rank = 0; rank < ranks; rank++)
        {
            int first = 4 * rank * channels + channel;
            float count = moments[first + 3 * channels];
            // Means are relative to the first value of the first rank that has images.
            if (all.Count == 0) origin = moments[first];
            if (count > 0)
                all += new Moments(count, moments[first] - origin + moments[first + channels], moments[first + 2 * channels]);
        }
        float total = KernelMath.Max(1f, all.Count), mean = origin + all.Mean, spread = KernelMath.Max(0f, all.Spread);
        statistics[channel] = mean;
        statistics[channels + channel] = 1 / KernelMath.Sqrt(spread / total + epsilon);
        if (scalars[0].UpdatesState == 0 || all.Count == 0) return;
        runningMean[channel] = (1 - momentum) * runningMean[channel] + momentum * mean;
        runningVariance[channel] = (1 - momentum) * runningVariance[channel] + momentum * (spread / KernelMath.Max(1f, total - 1));
        if (channel == 0) batches[0] += 1;
    }
}

/// <summary>
/// Adds the ranks' gradients of weight and bias in their order, as the input's gradient needs them, and copies those of this rank.
/// </summary>
/// <param name="gradients">[ranks][2][channels] Gradients of the weight, then of the bias.</param>
/// <param name="dweights">[channels] Sums over the ranks; overwritten.</param>
/// <param name="dbiases">[channels] Sums over the ranks; overwritten.</param>
/// <param name="dweight">[channels] The rank's own; overwritten.</param>
/// <param name="dbias">[channels] The rank's own; overwritten.</param>
/// <param name="rank">This rank.</param>
[Kernel(256)]
internal readonly partial struct BatchNormRankGradients(
    ReadOnlyView<float> gradients, View<float> dweights, View<float> dbiases, View<float> dweight, View<float> dbias, int channels,
    int ranks, int rank) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, 256));

    public void Execute()
    {
        int channel = GlobalId.X;
        if (channel >= channels) return;
        float weights = 0, biases = 0;
        for (int other = 0; other < ranks; other++)
        {
            weights += gradients[2 * other * channels + channel];
            biases += gradients[(2 * other + 1) * channels + channel];
        }
        dweights[channel] = weights;
        dbiases[channel] = biases;
        dweight[channel] = gradients[2 * rank * channels + channel];
        dbias[channel] = gradients[(2 * rank + 1) * channels + channel];
    }
}
