using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Number of values, their mean, and the sum of their squared distances from it.</summary>
internal readonly record struct Moments(float Count, float Mean, float Spread)
{
    /// <summary>Combines the moments of two sets (Chan, Golub and LeVeque 1979).</summary>
    public static Moments operator +(Moments a, Moments b)
    {
        float count = a.Count + b.Count, share = count > 0 ? b.Count / count : 0, distance = b.Mean - a.Mean;
        return new Moments(count, a.Mean + distance * share, a.Spread + b.Spread + distance * distance * share * a.Count);
    }
}

/// <summary>
/// Computes mean and inverse deviation of each channel from the parts, and updates the running statistics if the step says so. A column of
/// threads shares the parts of a channel.
/// </summary>
/// <param name="scalars">[1] Gives the number of real images, and whether the step updates state.</param>
/// <param name="parts">[parts][3][channels] as <see cref="BatchNormMoments"/> writes them.</param>
/// <param name="statistics">[2][channels] Means, then 1 / sqrt(variance + epsilon); overwritten.</param>
/// <param name="runningMean">[channels] Moved towards the mean by the momentum.</param>
/// <param name="runningVariance">[channels] Moved towards the unbiased variance by the momentum.</param>
/// <param name="batches">[1] Number of batches; incremented.</param>
/// <param name="area">Rows of an image.</param>
[Kernel(BatchNormRun.Width, BatchNormRun.Height)]
internal readonly partial struct BatchNormStatistics(
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> parts, View<float> statistics, View<float> runningMean,
    View<float> runningVariance, View<float> batches, int area, int channels, int partRows, int partCount, float epsilon,
    float momentum) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, BatchNormRun.Width));

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height),
            spreads = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height);
        int channel = GlobalId.X, rows = scalars[0].Images * area;
        BatchNormRun.Merge(sums, spreads, parts, 0, partCount, channel, channels, partRows, rows);
        if (ThreadId.Y > 0 || channel >= channels) return;
        float total = KernelMath.Max(1, rows), sum = sums[ThreadId.X], mean = parts[channel] + (parts[channels + channel] + sum / total);
        float spread = KernelMath.Max(0f, spreads[ThreadId.X] - sum * sum / total);
        statistics[channel] = mean;
        statistics[channels + channel] = 1 / KernelMath.Sqrt(spread / total + epsilon);
        if (scalars[0].UpdatesState == 0 || rows == 0) return;
        runningMean[channel] = (1 - momentum) * runningMean[channel] + momentum * mean;
        runningVariance[channel] = (1 - momentum) * runningVariance[channel] + momentum * (spread / KernelMath.Max(1, rows - 1));
        if (channel == 0) batches[0] += 1;
    }
}
