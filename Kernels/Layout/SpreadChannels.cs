using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Every stride-th pixel of maps of H by W. Its channels follow <paramref name="First"/> channels of zeros among the <paramref
/// name="Outputs"/> channels of the result.
/// </summary>
internal readonly record struct SpreadShape(int Channels, int Outputs, int First, int H, int W, int Stride)
{
    private readonly Divisor _channels = new(Channels), _outputs = new(Outputs), _stride = new(Stride);
    private readonly Divisor _h = new(H), _w = new(W), _p = new((H + Stride - 1) / Stride), _q = new((W + Stride - 1) / Stride);

    /// <summary>Returns the channels that a thread copies at once, see <see cref="ChannelLanes.For"/>.</summary>
    public int Lanes(bool anyIsBFloat16) => ChannelLanes.For(Channels | Outputs | First, anyIsBFloat16);

    public int P => _p.Value;

    public int Q => _q.Value;

    /// <summary>Returns the source of an element of the result, or -1 if it is zero.</summary>
    public int SourceOf(int i)
    {
        int pixel = _outputs.Divide(i), channel = i - pixel * Outputs - First, row = _q.Divide(pixel), image = _p.Divide(row);
        return channel < 0 || channel >= Channels
            ? -1
            : ((image * H + (row - image * P) * Stride) * W + (pixel - row * Q) * Stride) * Channels + channel;
    }

    /// <summary>Returns the position in the result of an input element, or -1 if it is left out.</summary>
    public int TargetOf(int i)
    {
        int pixel = _channels.Divide(i), channel = i - pixel * Channels, row = _w.Divide(pixel), image = _h.Divide(row);
        int h = row - image * H, w = pixel - row * W, p = _stride.Divide(h), q = _stride.Divide(w);
        return p * Stride != h || q * Stride != w ? -1 : ((image * P + p) * Q + q) * Outputs + First + channel;
    }
}

/// <summary>Computes y[i] = x[SourceOf(i)], or 0 if there is no source. A thread has neighbouring channels. Memory-bound.</summary>
/// <param name="lanes">See <see cref="SpreadShape.Lanes"/>.</param>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[N][H][W][Channels]</param>
/// <param name="y">[N][P][Q][Outputs]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct SpreadChannels(
    [Specialization(4)] int lanes, [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x,
    View<float> y, SpreadShape shape, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, lanes * 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> values = Local.Array<float>(ChannelLanes.Most);
        int i = GlobalId.X * lanes;
        if (i >= count) return;
        int source = shape.SourceOf(i);
        for (int lane = 0; lane < lanes; lane++) values[lane] = 0;
        if (source >= 0) ChannelLanes.Load(x, source, values, lanes, isBFloat16X);
        ChannelLanes.Store(values, y, i, lanes, isBFloat16Y);
    }
}

/// <summary>Computes the gradient of <see cref="SpreadChannels"/>. Memory-bound.</summary>
/// <param name="lanes">See <see cref="SpreadShape.Lanes"/>.</param>
/// <param name="isBFloat16Y">How dy is stored.</param>
/// <param name="isBFloat16X">How dx is stored.</param>
/// <param name="dy">[N][P][Q][Outputs]</param>
/// <param name="dx">[N][H][W][Channels]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct GatherChannels(
    [Specialization(4)] int lanes, [Specialization] Flag isBFloat16Y, [Specialization] Flag isBFloat16X, ReadOnlyView<float> dy,
    View<float> dx, SpreadShape shape, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, lanes * 256));

    [Unroll]
    public void Execute()
    {
        Registers<float> values = Local.Array<float>(ChannelLanes.Most);
        int i = GlobalId.X * lanes;
        if (i >= count) return;
        int target = shape.TargetOf(i);
        for (int lane = 0; lane < lanes; lane++) values[lane] = 0;
        if (target >= 0) ChannelLanes.Load(dy, target, values, lanes, isBFloat16Y);
        ChannelLanes.Store(values, dx, i, lanes, isBFloat16X);
    }
}
