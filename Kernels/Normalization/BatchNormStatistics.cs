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
/// Computes mean and spread of each channel over parts of the rows. Each thread of a column sums differences to the first value that it
/// sees, so that a mean far from 0 costs no precision; means are stored relative to the part's first value. The threads' results are merged
/// as a tree. Memory-bound.
/// </summary>
/// <param name="width">See <see cref="BatchNormParts.Width"/>.</param>
/// <param name="scalars">[1] Gives the number of real images; the others are left out.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="parts">
/// [parts][3][channels] First values, means relative to them, and sums of squared distances from the means. Overwritten, with zeros if no
/// row is real.
/// </param>
/// <param name="area">Rows of an image.</param>
[Kernel]
internal readonly partial struct BatchNormMoments(
    [Specialization(32)] int width, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, View<float> parts, int area, int channels,
        int partRows)
{
    public Size3 GroupShape => new(width, BatchNormParts.Threads / width);

    public void Execute()
    {
        View<float> counts = Shared.Array<float>(BatchNormParts.Threads), means = Shared.Array<float>(BatchNormParts.Threads);
        View<float> spreads = Shared.Array<float>(BatchNormParts.Threads);
        int slot = ThreadId.Y * GroupSize.X + ThreadId.X, channel = GlobalId.X;
        int first = GroupId.Y * partRows + ThreadId.Y, end = KernelMath.Min((GroupId.Y + 1) * partRows, scalars[0].Images * area);
        int start = GroupId.Y * partRows;
        float origin = channel < channels && start < end ? x[start * channels + channel] : 0;
        Moments own = new Moments(0, 0, 0);
        if (channel < channels && first < end)
        {
            float anchor = x[first * channels + channel], sum = 0, squares = 0;
            for (int row = first; row < end; row += GroupSize.Y)
            {
                float difference = x[row * channels + channel] - anchor;
                sum += difference;
                squares = KernelMath.FusedMultiplyAdd(difference, difference, squares);
            }
            float count = KernelMath.Max(end - 1 - first, 0) / GroupSize.Y + 1;
            own = new Moments(count, anchor - origin + sum / count, squares - sum * sum / count);
        }
        counts[slot] = own.Count;
        means[slot] = own.Mean;
        spreads[slot] = own.Spread;
        Group.Barrier();
        for (int half = GroupSize.Y / 2; half > 0; half /= 2)
        {
            if (ThreadId.Y < half)
            {
                int other = slot + half * GroupSize.X;
                own += new Moments(counts[other], means[other], spreads[other]);
                counts[slot] = own.Count;
                means[slot] = own.Mean;
                spreads[slot] = own.Spread;
            }
            Group.Barrier();
        }
        if (ThreadId.Y == 0 && channel < channels)
        {
            BatchNormRun.Store(parts, GroupId.Y, channel, channels, origin, own.Mean, own.Spread);
        }
    }
}

/// <summary>
/// Computes mean and inverse deviation of each channel from the parts, and updates the running statistics if the step says so. A column of
/// 8 threads shares the parts of a channel.
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
