using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>Loads and stores the one or four channels that a thread of a pooling has in registers.</summary>
internal static class PoolLanes
{
    /// <summary>Number of registers to allocate, whatever the number of channels.</summary>
    public const int Most = 4;

    public static void Load(ReadOnlyView<float> source, int i, Registers<float> values, int lanes)
    {
        if (lanes == 4)
        {
            Float4 loaded = source.Load4(i);
            values[0] = loaded.X;
            values[1] = loaded.Y;
            values[2] = loaded.Z;
            values[3] = loaded.W;
        }
        else values[0] = source[i];
    }

    public static void Store(Registers<float> values, View<float> target, int i, int lanes)
    {
        if (lanes == 4) target.Store4(i, new Float4(values[0], values[1], values[2], values[3]));
        else target[i] = values[0];
    }
}
