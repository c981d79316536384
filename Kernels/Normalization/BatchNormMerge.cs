using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Merges the moments of runs of parts, so that the next kernel has few to merge: [parts][3][channels] become [runs][3][channels], as if
/// each run were a larger part. A column of threads shares the parts of a channel in a run. Groups: x channels, y runs.
/// </summary>
/// <param name="scalars">[1] Gives the number of real images; the others are left out.</param>
/// <param name="parts">[parts][3][channels] as <see cref="BatchNormMoments"/> writes them.</param>
/// <param name="runs">[runs][3][channels]; overwritten.</param>
/// <param name="area">Rows of an image.</param>
/// <param name="partRows">Rows in a part.</param>
/// <param name="runParts">Parts in a run.</param>
[Kernel(BatchNormRun.Width, BatchNormRun.Height)]
internal readonly partial struct BatchNormMerge(
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> parts, View<float> runs, int area, int channels, int partRows, int partCount,
    int runParts) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, BatchNormRun.Width), Size3.Groups(partCount, runParts));

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height),
            spreads = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height);
        int channel = GlobalId.X, first = GroupId.Y * runParts, end = KernelMath.Min(first + runParts, partCount),
            rows = scalars[0].Images * area;
        BatchNormRun.Merge(sums, spreads, parts, first, end, channel, channels, partRows, rows);
        if (ThreadId.Y == 0 && channel < channels)
        {
            float total = KernelMath.Max(1, KernelMath.Min(rows, end * partRows) - first * partRows), sum = sums[ThreadId.X];
            float origin = parts[3 * first * channels + channel], mean = parts[(3 * first + 1) * channels + channel] + sum / total;
            BatchNormRun.Store(
                runs, GroupId.Y, channel, channels, origin, mean, KernelMath.Max(0f, spreads[ThreadId.X] - sum * sum / total));
        }
    }
}

/// <summary>Steps shared by the kernels that merge moments of parts of the rows.</summary>
internal static class BatchNormRun
{
    /// <summary>Channels of a group, 32 bytes of a part, and threads for each channel, so that none has a long row of parts.</summary>
    public const int Width = 8, Height = 32;

    /// <summary>
    /// Merges the values of parts [first, end) for the channel of each column of threads. Sums their distances from the first part's mean,
    /// which
    /// lies near the other means, so that rounding is small, and sums the squares of those distances. All threads of the group call this.
    /// The first
    /// row of threads finds its channels' results in <paramref name="sums"/> and <paramref name="spreads"/>.
    /// </summary>
    /// <param name="rows">Number of real rows.</param>
    public static void Merge(
        View<float> sums, View<float> spreads, ReadOnlyView<float> parts, int first, int end, int channel, int channels, int partRows,
        int rows)
    {
        int slot = ThreadId.Y * GroupSize.X + ThreadId.X;
        float sum = 0, spread = 0;
        if (channel < channels)
        {
            float origin = parts[3 * first * channels + channel], mean = parts[(3 * first + 1) * channels + channel];
            for (int part = first + ThreadId.Y; part < end; part += GroupSize.Y)
            {
                float count = KernelMath.Max(0, KernelMath.Min(partRows, rows - part * partRows));
                float distance = parts[3 * part * channels + channel] - origin + (parts[(3 * part + 1) * channels + channel] - mean);
                sum += count * distance;
                spread += parts[(3 * part + 2) * channels + channel] + count * distance * distance;
            }
        }
        sums[slot] = sum;
        spreads[slot] = spread;
        Group.Barrier();
        AddColumns(sums, spreads);
    }

    /// <summary>
    /// Adds two values of each thread over its column, as a tree. The first row of threads finds the sums. All threads of the group call
    /// this, after a barrier.
    /// </summary>
    public static void AddColumns(View<float> first, View<float> second)
    {
        int slot = ThreadId.Y * GroupSize.X + ThreadId.X;
        for (int half = GroupSize.Y / 2; half > 0; half /= 2)
        {
            if (ThreadId.Y < half)
            {
                first[slot] += first[slot + half * GroupSize.X];
                second[slot] += second[slot + half * GroupSize.X];
            }
            Group.Barrier();
        }
    }

    public static void Store(View<float> parts, int part, int channel, int channels, float origin, float mean, float spread)
    {
        parts[3 * part * channels + channel] = origin;
        parts[(3 * part + 1) * channels + channel] = mean;
        parts[(3 * part + 2) * channels + channel] = spread;
    }
}
