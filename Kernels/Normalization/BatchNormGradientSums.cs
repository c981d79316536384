using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Sums each channel over parts of the rows: dz = f'(y) dy, and dz (x - mean). The sums of a column's threads are added as a tree.
/// Memory-bound.
/// </summary>
/// <param name="width">See <see cref="BatchNormParts.Width"/>.</param>
/// <param name="lanes">See <see cref="BatchNormParts.Lanes"/>.</param>
/// <param name="wideY">Whether the pitch is a multiple of 4.</param>
/// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for y, with dy.</param>
/// <param name="scalars">[1] Gives the number of real images; the others are left out.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="y">[rows][pitch] Output of the activation; only the first channels are read.</param>
/// <param name="dy">Like y.</param>
/// <param name="means">[channels]</param>
/// <param name="parts">[parts][2][channels]; overwritten.</param>
/// <param name="area">Rows of an image.</param>
[Kernel, Dispatched]
internal readonly partial struct BatchNormGradientSums<TFunction>(
    [Specialization(8)] int width, [Specialization(4)] int lanes, [Specialization] Flag wideY, [Specialization] Flag isBFloat16X,
        [Specialization] Flag isBFloat16Y,
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<float> y, ReadOnlyView<float> dy, ReadOnlyView<float> means,
    View<float> parts, int area, int channels, int pitch, int partRows, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    public Size3 GroupShape => new(width, BatchNormParts.Threads / width);

    [Unroll]
    public void Execute()
    {
        View<float> sums = Shared.Array<float>(4 * BatchNormParts.Threads), products = Shared.Array<float>(4 * BatchNormParts.Threads);
        Registers<float> values = Local.Array<float>(4 * BatchNormLanes.Rows), outputs = Local.Array<float>(4 * BatchNormLanes.Rows),
            gradients = Local.Array<float>(4 * BatchNormLanes.Rows);
        int slot = 4 * (ThreadId.Y * GroupSize.X + ThreadId.X), channel = GlobalId.X * lanes;
        int first = GroupId.Y * partRows + ThreadId.Y, end = KernelMath.Min((GroupId.Y + 1) * partRows, scalars[0].Images * area);
        Float4 sum = new Float4(0, 0, 0, 0), product = new Float4(0, 0, 0, 0);
        if (channel < channels)
        {
            Float4 mean = BatchNormLanes.Load(means, channel, lanes, false);
            for (int start = first; start < end; start += BatchNormLanes.Rows * GroupSize.Y)
            {
                for (int i = 0; i < BatchNormLanes.Rows; i++)
                {
                    int row = start + i * GroupSize.Y, output = row * pitch + channel;
                    values.Store4(4 * i, BatchNormLanes.LoadIf(row < end, x, row * channels + channel, lanes, isBFloat16X));
                    outputs.Store4(4 * i, BatchNormLanes.LoadSlice(row < end, y, output, lanes, wideY, isBFloat16Y));
                    gradients.Store4(4 * i, BatchNormLanes.LoadSlice(row < end, dy, output, lanes, wideY, isBFloat16Y));
                }
                for (int i = 0; i < BatchNormLanes.Rows; i++)
                {
                    if (start + i * GroupSize.Y < end)
                    {
                        Float4 dz = PointwiseFunctions.Backward(function, outputs.Load4(4 * i), gradients.Load4(4 * i));
                        sum += dz;
                        product = BatchNormLanes.MultiplyAdd(dz, values.Load4(4 * i) - mean, product);
                    }
                }
            }
        }
        sums.Store4(slot, sum);
        products.Store4(slot, product);
        Group.Barrier();
        for (int half = GroupSize.Y / 2; half > 0; half /= 2)
        {
            if (ThreadId.Y < half)
            {
                int other = slot + 4 * half * GroupSize.X;
                sums.Store4(slot, sums.Load4(slot) + sums.Load4(other));
                products.Store4(slot, products.Load4(slot) + products.Load4(other));
            }
            Group.Barrier();
        }
        if (ThreadId.Y == 0 && channel < channels)
        {
            BatchNormLanes.Store(parts, 2 * GroupId.Y * channels + channel, sums.Load4(slot), lanes, false);
            BatchNormLanes.Store(parts, (2 * GroupId.Y + 1) * channels + channel, products.Load4(slot), lanes, false);
        }
    }
}

/// <summary>Computes the gradients of weight and bias from the parts. A column of threads shares the parts of a channel.</summary>
/// <param name="parts">[parts][2][channels]</param>
/// <param name="inverses">[channels] 1 / deviation.</param>
/// <param name="dweight">[channels]; overwritten.</param>
/// <param name="dbias">[channels]; overwritten.</param>
[Kernel(BatchNormRun.Width, BatchNormRun.Height)]
internal readonly partial struct BatchNormParameterGradients(
    ReadOnlyView<float> parts, ReadOnlyView<float> inverses, View<float> dweight, View<float> dbias, int channels, int partCount)
    : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(channels, BatchNormRun.Width));

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height),
            products = Shared.Array<float>(BatchNormRun.Width * BatchNormRun.Height);
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
        BatchNormRun.AddColumns(sums, products);
        if (ThreadId.Y > 0 || channel >= channels) return;
        dbias[channel] = sums[slot];
        dweight[channel] = products[slot] * inverses[channel];
    }
}
