using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Local response normalization over windows [c - size / 2, c + (size - 1) / 2] of channels: the scale is k + alpha * sum of squares, and
/// its power is beta.
/// </summary>
internal readonly record struct LocalResponseShape(int Count, int Channels, int Size, float Alpha, float Beta, float K)
{
    /// <summary>Power used in the papers, computed by two square roots.</summary>
    internal const float UsualBeta = 0.75f;

    internal const int Threads = 256;

    private readonly Divisor _channels = new(Channels);

    public Size3 Groups => new(Size3.Groups(Count, Threads));

    public int ChannelOf(int i) => _channels.Remainder(i);

    /// <summary>Computes scale ^ -beta.</summary>
    public float Power(float scale)
    {
        if (Beta != UsualBeta) return KernelMath.Pow(scale, -Beta);
        float root = KernelMath.Sqrt(1 / scale);
        return root * KernelMath.Sqrt(root);
    }

    /// <summary>
    /// Clips a window, from <paramref name="before"/> channels before one to <paramref name="after"/> after it, to the existing channels.
    /// The result is two distances.
    /// </summary>
    public (int First, int Last) Window(int channel, int before, int after) =>
        (-KernelMath.Min(before, channel), KernelMath.Min(after, Channels - 1 - channel));
}

/// <summary>
/// Computes y = x / scale ^ beta, scale = k + alpha * sum of squares of the channels around it. A thread has one value; its neighbours'
/// values come from the caches. Memory-bound.
/// </summary>
/// <param name="keepsScales">Whether <paramref name="scales"/> is written.</param>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>. Scales are floats.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="y">Like x; overwritten.</param>
/// <param name="scales">Like x, or any view; overwritten.</param>
[Kernel(LocalResponseShape.Threads)]
internal readonly partial struct LocalResponseForward(
    [Specialization] Flag keepsScales, [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x,
    View<float> y, View<float> scales, LocalResponseShape shape) : IKernelGrid
{
    public Size3 Groups => shape.Groups;

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= shape.Count) return;
        (int first, int last) = shape.Window(shape.ChannelOf(i), shape.Size >> 1, (shape.Size - 1) >> 1);
        float sum = 0;
        for (int offset = first; offset <= last; offset++)
        {
            float value = StoredValues.Load(x, i + offset, isBFloat16X);
            sum = KernelMath.FusedMultiplyAdd(value, value, sum);
        }
        float scale = KernelMath.FusedMultiplyAdd(shape.Alpha, sum, shape.K);
        StoredValues.Store(y, i, StoredValues.Load(x, i, isBFloat16X) * shape.Power(scale), isBFloat16Y);
        if (keepsScales) scales[i] = scale;
    }
}

/// <summary>
/// Computes dx = dy / scale ^ beta - 2 alpha beta x * sum of dy y / scale over the channels whose windows contain this one. Memory-bound.
/// </summary>
/// <param name="isBFloat16X">How x and dx are stored.</param>
/// <param name="isBFloat16Y">How y and dy are stored.</param>
/// <param name="x">[rows][channels]</param>
/// <param name="y">Like x.</param>
/// <param name="dy">Like x.</param>
/// <param name="scales">Like x.</param>
/// <param name="dx">Like x; overwritten.</param>
[Kernel(LocalResponseShape.Threads)]
internal readonly partial struct LocalResponseBackward(
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x, ReadOnlyView<float> y,
    ReadOnlyView<float> dy, ReadOnlyView<float> scales, View<float> dx, LocalResponseShape shape) : IKernelGrid
{
    public Size3 Groups => shape.Groups;

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= shape.Count) return;
        (int first, int last) = shape.Window(shape.ChannelOf(i), (shape.Size - 1) >> 1, shape.Size >> 1);
        float sum = 0;
        for (int offset = first; offset <= last; offset++)
        {
            float gradient = StoredValues.Load(dy, i + offset, isBFloat16Y), value = StoredValues.Load(y, i + offset, isBFloat16Y);
            sum += gradient * value / scales[i + offset];
        }
        float direct = StoredValues.Load(dy, i, isBFloat16Y) * shape.Power(scales[i]);
        float around = 2 * shape.Alpha * shape.Beta * StoredValues.Load(x, i, isBFloat16X) * sum;
        StoredValues.Store(dx, i, direct - around, isBFloat16X);
    }
}
