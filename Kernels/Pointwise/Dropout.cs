using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Computes y = scale x with probability 1 - p, else 0. Whether a value is kept depends only on the seed, the step, the layer and the
/// value's position, as on the CPU. The backward pass runs this kernel over dy and draws the same numbers. Works in place. 16 bytes a
/// thread.
/// </summary>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="scalars">[1] Gives the seed, the step and the place of the first image.</param>
/// <param name="x">[N][area][C]</param>
/// <param name="y">[N][area][C]; overwritten.</param>
/// <param name="layer">Number of the dropout layer in the network.</param>
/// <param name="scale">1 / (1 - probability), computed on the host because not every device divides exactly.</param>
/// <param name="count">N * area * C</param>
[Kernel(256, InPlace = true)]
internal readonly partial struct Dropout(
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x,
    View<float> y, ulong layer, float probability, float scale, Divisor channels, Divisor area, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, StoredValues.Width(isBFloat16X || isBFloat16Y) * 256));

    public void Execute()
    {
        int width = StoredValues.Width(isBFloat16X || isBFloat16Y), i = GlobalId.X * width;
        if (i >= count) return;
        ulong key = CounterRandom.Key(scalars[0].Seed, CounterRandom.Key(layer, scalars[0].Step));
        ulong first = (ulong)scalars[0].FirstImage * (ulong)(channels.Value * area.Value);
        if (width == 8 && i + 8 <= count)
        {
            Float8 values = StoredValues.Load8(x, i, isBFloat16X);
            values.Low = Four(values.Low, key, first, i, probability, scale, channels, area);
            values.High = Four(values.High, key, first, i + 4, probability, scale, channels, area);
            StoredValues.Store8(y, i, values, isBFloat16Y);
        }
        else if (width == 4 && i + 4 <= count) y.Store4(i, Four(x.Load4(i), key, first, i, probability, scale, channels, area));
        else
        {
            for (; i < count; i++)
            {
                float value = Keeps(key, first, i, probability, channels, area) ? StoredValues.Load(x, i, isBFloat16X) * scale : 0;
                StoredValues.Store(y, i, value, isBFloat16Y);
            }
        }
    }

    private static Float4 Four(
        Float4 values, ulong key, ulong first, int i, float probability, float scale, Divisor channels, Divisor area) =>
        new(Keeps(key, first, i, probability, channels, area) ? values.X * scale : 0,
            Keeps(key, first, i + 1, probability, channels, area) ? values.Y * scale : 0,
            Keeps(key, first, i + 2, probability, channels, area) ? values.Z * scale : 0,
            Keeps(key, first, i + 3, probability, channels, area) ? values.W * scale : 0);

    private static bool Keeps(ulong key, ulong first, int i, float probability, Divisor channels, Divisor area)
    {
        // Positions count as in NCHW, so that they do not depend on the layout. Those of a vector are the same in both.
        int position = i;
        if (area.Value > 1)
        {
            int pixel = channels.Divide(i), image = area.Divide(pixel);
            position = (image * channels.Value + i - pixel * channels.Value) * area.Value + pixel - image * area.Value;
        }
        return CounterRandom.Uniform(key, first + (ulong)position) >= probability;
    }
}
