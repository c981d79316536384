using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Computes mean and spread of each channel over parts of the rows. Each thread of a column sums differences to the first value that it
/// sees, so that a mean far from 0 costs no precision; means are stored relative to the part's first value. The threads' results are merged
/// as a tree. Memory-bound.
/// </summary>
/// <param name="width">See <see cref="BatchNormParts.Width"/>.</param>
/// <param name="lanes">See <see cref="BatchNormParts.Lanes"/>.</param>
/// <param name="isBFloat16">Whether x is stored as bfloat16.</param>
/// <param name="scalars">[1] Gives the number of real images; the others are left out.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="parts">
/// [parts][3][channels] First values, means relative to them, and sums of squared distances from the means. Overwritten, with zeros if no
/// row is real.
/// </param>
/// <param name="area">Rows of an image.</param>
[Kernel]
internal readonly partial struct BatchNormMoments(
    [Specialization(8)] int width, [Specialization(4)] int lanes, [Specialization] Flag isBFloat16, ReadOnlyView<StepScalars> scalars,
    ReadOnlyView<float> x, View<float> parts, int area, int channels, int partRows)
{
    public Size3 GroupShape => new(width, BatchNormParts.Threads / width);

    [Unroll]
    public void Execute()
    {
        View<float> counts = Shared.Array<float>(BatchNormParts.Threads), means = Shared.Array<float>(4 * BatchNormParts.Threads),
            spreads = Shared.Array<float>(4 * BatchNormParts.Threads);
        Registers<float> values = Local.Array<float>(4 * BatchNormLanes.Rows);
        int slot = ThreadId.Y * GroupSize.X + ThreadId.X, channel = GlobalId.X * lanes, start = GroupId.Y * partRows;
        int first = start + ThreadId.Y, end = KernelMath.Min(start + partRows, scalars[0].Images * area);
        bool exists = channel < channels && first < end;
        Float4 origin = BatchNormLanes.LoadIf(channel < channels && start < end, x, start * channels + channel, lanes, isBFloat16);
        Float4 anchor = BatchNormLanes.LoadIf(exists, x, first * channels + channel, lanes, isBFloat16);
        Float4 sum = new Float4(0, 0, 0, 0), squares = new Float4(0, 0, 0, 0);
        if (exists)
        {
            for (int next = first; next < end; next += BatchNormLanes.Rows * GroupSize.Y)
            {
                for (int i = 0; i < BatchNormLanes.Rows; i++)
                {
                    int row = next + i * GroupSize.Y;
                    values.Store4(4 * i, BatchNormLanes.LoadIf(row < end, x, row * channels + channel, lanes, isBFloat16));
                }
                for (int i = 0; i < BatchNormLanes.Rows; i++)
                {
                    if (next + i * GroupSize.Y < end)
                    {
                        Float4 difference = values.Load4(4 * i) - anchor;
                        sum += difference;
                        squares = BatchNormLanes.MultiplyAdd(difference, difference, squares);
                    }
                }
            }
        }
        float count = exists ? KernelMath.Max(end - 1 - first, 0) / GroupSize.Y + 1 : 0, share = 1 / KernelMath.Max(1f, count);
        counts[slot] = count;
        means.Store4(4 * slot, anchor - origin + sum * share);
        spreads.Store4(4 * slot, squares - sum * sum * share);
        Group.Barrier();
        for (int half = GroupSize.Y / 2; half > 0; half /= 2)
        {
            if (ThreadId.Y < half) Merge(counts, means, spreads, slot, slot + half * GroupSize.X);
            Group.Barrier();
        }
        if (ThreadId.Y == 0 && channel < channels)
        {
            int to = 3 * GroupId.Y * channels + channel;
            BatchNormLanes.Store(parts, to, origin, lanes, false);
            BatchNormLanes.Store(parts, to + channels, means.Load4(4 * slot), lanes, false);
            BatchNormLanes.Store(parts, to + 2 * channels, spreads.Load4(4 * slot), lanes, false);
        }
    }

    /// <summary>Adds the moments of another thread (Chan, Golub and LeVeque 1979). A thread without rows has none.</summary>
    private static void Merge(View<float> counts, View<float> means, View<float> spreads, int slot, int other)
    {
        float own = counts[slot], count = own + counts[other], share = count > 0 ? counts[other] / count : 0;
        if (counts[other] > 0)
        {
            Float4 distance = means.Load4(4 * other) - means.Load4(4 * slot);
            means.Store4(4 * slot, means.Load4(4 * slot) + distance * share);
            spreads.Store4(4 * slot, spreads.Load4(4 * slot) + spreads.Load4(4 * other) + distance * distance * (share * own));
            counts[slot] = count;
        }
    }
}
