using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y = f(x), 16 bytes a thread; y may be x, stored alike. Memory-bound.</summary>
/// <param name="isBFloat16X">How x is stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[count]</param>
/// <param name="y">[count]</param>
[Kernel(256, InPlace = true), Dispatched]
internal readonly partial struct PointwiseForward<TFunction>(
    [Specialization] Flag isBFloat16X, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> x, View<float> y, int count,
    TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => new(Size3.Groups(count, StoredValues.Width(isBFloat16X || isBFloat16Y) * 256));

    public void Execute()
    {
        int width = StoredValues.Width(isBFloat16X || isBFloat16Y), i = GlobalId.X * width;
        if (width == 8 && i + 8 <= count)
            StoredValues.Store8(y, i, PointwiseFunctions.Forward(function, StoredValues.Load8(x, i, isBFloat16X)), isBFloat16Y);
        else if (width == 4 && i + 4 <= count) y.Store4(i, PointwiseFunctions.Forward(function, x.Load4(i)));
        else
        {
            for (; i < count; i++)
                StoredValues.Store(y, i, PointwiseFunctions.Forward(function, StoredValues.Load(x, i, isBFloat16X)), isBFloat16Y);
        }
    }
}

/// <summary>Computes dx = f'(x) dy, 16 bytes a thread; dx may be dy, stored alike. Memory-bound.</summary>
/// <param name="isBFloat16Y">How y is stored, see <see cref="StoredValues"/>.</param>
/// <param name="isBFloat16Gradient">How dy is stored.</param>
/// <param name="isBFloat16X">How dx is stored.</param>
/// <param name="y">[count] The result f(x), or the input x if the function <see cref="IPointwise.DerivesFromInput"/>.</param>
/// <param name="dy">[count]</param>
/// <param name="dx">[count]</param>
[Kernel(256, InPlace = true), Dispatched]
internal readonly partial struct PointwiseBackward<TFunction>(
    [Specialization] Flag isBFloat16Y, [Specialization] Flag isBFloat16Gradient, [Specialization] Flag isBFloat16X,
    ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => new(Size3.Groups(count, StoredValues.Width(isBFloat16Y || isBFloat16Gradient || isBFloat16X) * 256));

    public void Execute()
    {
        int width = StoredValues.Width(isBFloat16Y || isBFloat16Gradient || isBFloat16X), i = GlobalId.X * width;
        if (width == 8 && i + 8 <= count)
        {
            Float8 values = StoredValues.Load8(y, i, isBFloat16Y), gradients = StoredValues.Load8(dy, i, isBFloat16Gradient);
            StoredValues.Store8(dx, i, PointwiseFunctions.Backward(function, values, gradients), isBFloat16X);
        }
        else if (width == 4 && i + 4 <= count) dx.Store4(i, PointwiseFunctions.Backward(function, y.Load4(i), dy.Load4(i)));
        else
        {
            for (; i < count; i++)
            {
                float value = StoredValues.Load(y, i, isBFloat16Y), gradient = StoredValues.Load(dy, i, isBFloat16Gradient);
                StoredValues.Store(dx, i, PointwiseFunctions.Backward(function, value, gradient), isBFloat16X);
            }
        }
    }
}
