using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y += x, 16 bytes a thread. Memory-bound.</summary>
/// <param name="isBFloat16">How x and y are stored, see <see cref="StoredValues"/>.</param>
/// <param name="x">[count]</param>
/// <param name="y">[count]</param>
[Kernel(256)]
internal readonly partial struct AddInto([Specialization] Flag isBFloat16, ReadOnlyView<float> x, View<float> y, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, StoredValues.Width(isBFloat16) * 256));

    public void Execute()
    {
        int i = GlobalId.X * StoredValues.Width(isBFloat16);
        if (isBFloat16 && i + 8 <= count)
            StoredValues.Store8(y, i, StoredValues.Load8(y, i, isBFloat16) + StoredValues.Load8(x, i, isBFloat16), isBFloat16);
        else if (!isBFloat16 && i + 4 <= count) y.Store4(i, y.Load4(i) + x.Load4(i));
        else
        {
            for (; i < count; i++)
                StoredValues.Store(y, i, StoredValues.Load(y, i, isBFloat16) + StoredValues.Load(x, i, isBFloat16), isBFloat16);
        }
    }
}
