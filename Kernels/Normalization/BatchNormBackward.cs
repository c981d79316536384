using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Sums each channel over parts of the rows: dz = f'(y) dy, and dz (x - mean). The sums of a column's threads are added as a tree.
/// Memory-bound.
/// </summary>
/// <param name="width">See <see cref="BatchNormParts.Width"/>.</param>
/// <param name="scalars">[1] Gives the number of real images; the others are left out.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="y">[rows][pitch] Output of the activation; only the first channels are read.</param>
/// <param name="dy">Like y.</param>
/// <param name="means">[channels]</param>
/// <param name="parts">[parts][2][channels]; overwritten.</param>
/// <param name="area">Rows of an image.</param>
[Kernel, Dispatched]
internal readonly partial struct BatchNormGradientSums<TFunction>(
    [Specialization(32)] int width, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<float> y, ReadOnlyView<float> dy,
        ReadOnlyView<float> means,
    View<float> parts, int area, int channels, int pitch, int partRows, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    public Size3 GroupShape => new(width, BatchNormParts.Threads / width);

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(BatchNormParts.Threads), products = Shared.Array<float>(BatchNormParts.Threads);
        int slot = ThreadId.Y * GroupSize.X + ThreadId.X, channel = GlobalId.X;
        int first = GroupId.Y * partRows + ThreadId.Y, end = KernelMath.Min((GroupId.Y + 1) * partRows, scalars[0].Images * area);
        float sum = 0, product = 0;
        if (channel < channels)
        {
            float mean = means[channel];
            for (int row = first; row < end; row += GroupSize.Y)
            {
                int output = row * pitch + channel;
                float dz = PointwiseFunctions.Backward(function, y[output], dy[output]);
                sum += dz;
                product = KernelMath.FusedMultiplyAdd(dz, x[row * channels + channel] - mean, product);
            }
        }
        sums[slot] = sum;
        products[slot] = product;
        Group.Barrier();
        for (int half = GroupSize.Y / 2; half > 0; half /= 2)
        {
            if (ThreadId.Y < half)
            {
                sums[slot] += sums[slot + half * GroupSize.X];
                products[slot] += products[slot + half * GroupSize.X];
            }
            Group.Barrier();
        }
        if (ThreadId.Y == 0 && channel < channels)
        {
            parts[2 * GroupId.Y * channels + channel] = sums[slot];
            parts[(2 * GroupId.Y + 1) * channels + channel] = products[slot];
        }
    }
}

/// <summary>Computes the gradients of weight and bias from the parts. A column of 8 threads shares the parts of a channel.</summary>
/// <param name="parts">[parts][2][channels]</param>
/// <param name="inverses">[channels] 1 / deviation.</param>
/// <param name="dweight">[channels]; overwritten.</param>
/// <param name="dbias">[channels]; overwritten.</param>
[Kernel(32, 8)]
internal readonly partial struct BatchNormParameterGradients(
    ReadOnlyView<float> parts, ReadOnlyView<float> inverses, View<float> dweight, View<float> dbias, int channels, int partCount)
    : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, 32));

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(256), products = Shared.Array<float>(256);
        int slot = ThreadId.Y * GroupSize.X + ThreadId.X, channel = GlobalId.X;
        float sum = 0, product = 0;
        if (channel < channels)
        {
            for (int part = ThreadId.Y; part < partCount; part += GroupSize.Y)
            {
                sum += parts[2 * part * channels + channel];
                product += parts[(2 * part + 1) * channels + channel];
            }
        }
        sums[slot] = sum;
        products[slot] = product;
        Group.Barrier();
        for (int half = GroupSize.Y / 2; half > 0; half /= 2)
        {
            if (ThreadId.Y < half)
            {
                sums[slot] += sums[slot + half * GroupSize.X];
                products[slot] += products[slot + half * GroupSize.X];
            }
            Group.Barrier();
        }
        if (ThreadId.Y > 0 || channel >= channels) return;
        dbias[channel] = sums[slot];
        dweight[channel] = products[slot] * inverses[channel];
    }
}

/// <summary>
/// Computes dx = weight / deviation (dz - mean(dz) - (x - mean) / deviation mean(dz (x - mean) / deviation)) for the real images and 0 for
/// the others, with dz = f'(y) dy. Also writes dz if an addend needs a gradient. Memory-bound.
/// </summary>
/// <param name="lanes">See <see cref="BatchNormGrid.Lanes"/>.</param>
/// <param name="adds">Whether <paramref name="daddend"/> is written.</param>
/// <param name="isOfRanks">Whether statistics, dweight and dbias are those of all ranks' images.</param>
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
    [Specialization(4)] int lanes, [Specialization] Flag adds, [Specialization] Flag isOfRanks, ReadOnlyView<StepScalars> scalars,
        ReadOnlyView<float> x, ReadOnlyView<float> y, ReadOnlyView<float> dy,
    View<float> dx, View<float> daddend, ReadOnlyView<float> statistics, ReadOnlyView<float> weight, ReadOnlyView<float> dweight,
    ReadOnlyView<float> dbias, BatchNormGrid grid, int area, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => grid.Groups;

    public void Execute()
    {
        int thread = GlobalId.X;
        if (thread >= grid.Count) return;
        int channel = grid.ChannelOf(thread, lanes), i = thread * lanes, output = grid.OutputOf(thread, lanes),
            rows = scalars[0].Images * area;
        bool isReal = grid.RowOf(thread) < rows;
        // A float, because the rows of all ranks may be more than an int counts.
        float count = isOfRanks ? (float)scalars[0].AllImages * area : rows, share = 1f / KernelMath.Max(1f, count);
        if (lanes == 4)
        {
            Float4 values = x.Load4(i), dz = PointwiseFunctions.Backward(function, y.Load4(output), dy.Load4(output));
            var gradients = new Float4(
                Gradient(values.X, dz.X, channel, grid.Channels, statistics, weight, dweight, dbias, share),
                Gradient(values.Y, dz.Y, channel + 1, grid.Channels, statistics, weight, dweight, dbias, share),
                Gradient(values.Z, dz.Z, channel + 2, grid.Channels, statistics, weight, dweight, dbias, share),
                Gradient(values.W, dz.W, channel + 3, grid.Channels, statistics, weight, dweight, dbias, share));
            dx.Store4(i, isReal ? gradients : new Float4(0, 0, 0, 0));
            if (adds) daddend.Store4(i, dz);
        }
        else
        {
            float dz = PointwiseFunctions.Backward(function, y[output], dy[output]);
            float gradient = Gradient(x[i], dz, channel, grid.Channels, statistics, weight, dweight, dbias, share);
            dx[i] = isReal ? gradient : 0;
            if (adds) daddend[i] = dz;
        }
    }

    private static float Gradient(
        float value, float dz, int channel, int channels, ReadOnlyView<float> statistics, ReadOnlyView<float> weight,
        ReadOnlyView<float> dweight, ReadOnlyView<float> dbias, float share)
    {
        float inverse = statistics[channels + channel], slope = inverse * dweight[channel] * share;
        return inverse * weight[channel] * (dz - dbias[channel] * share - (value - statistics[channel]) * slope);
    }
}
