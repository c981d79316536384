using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Computes y = f(a + b) over <paramref name="count"/> values, 16 bytes a thread. Memory-bound. Its backward pass is <see
/// cref="PointwiseBackward{TFunction}"/>, once for each of a and b.
/// </summary>
/// <param name="isBFloat16A">How a is stored, see <see cref="StoredValues"/>.</param>
/// <param name="a">[count]; may be b.</param>
/// <param name="y">[count]; overwritten.</param>
[Kernel(256), Dispatched]
internal readonly partial struct AddForward<TFunction>(
    [Specialization] Flag isBFloat16A, [Specialization] Flag isBFloat16B, [Specialization] Flag isBFloat16Y, ReadOnlyView<float> a,
    ReadOnlyView<float> b, View<float> y, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => new(Size3.Groups(count, StoredValues.Width(isBFloat16A || isBFloat16B || isBFloat16Y) * 256));

    public void Execute()
    {
        int width = StoredValues.Width(isBFloat16A || isBFloat16B || isBFloat16Y), i = GlobalId.X * width;
        if (width == 8 && i + 8 <= count)
        {
            Float8 sum = StoredValues.Load8(a, i, isBFloat16A) + StoredValues.Load8(b, i, isBFloat16B);
            StoredValues.Store8(y, i, PointwiseFunctions.Forward(function, sum), isBFloat16Y);
        }
        else if (width == 4 && i + 4 <= count) y.Store4(i, PointwiseFunctions.Forward(function, a.Load4(i) + b.Load4(i)));
        else
        {
            for (; i < count; i++)
            {
                float sum = StoredValues.Load(a, i, isBFloat16A) + StoredValues.Load(b, i, isBFloat16B);
                StoredValues.Store(y, i, PointwiseFunctions.Forward(function, sum), isBFloat16Y);
            }
        }
    }
}
