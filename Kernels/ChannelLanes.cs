using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels;

/// <summary>Loads and stores the one, four or eight channels that a thread has in registers.</summary>
internal static class ChannelLanes
{
    /// <summary>Number of registers to allocate, whatever the number of channels.</summary>
    public const int Most = 8;

    /// <summary>Returns the channels that one thread has: as many as a load of 16 bytes brings, if they divide the channels.</summary>
    /// <param name="anyIsBFloat16">Whether any of the tensors holds bfloat16.</param>
    public static int For(int channels, bool anyIsBFloat16) => anyIsBFloat16 && channels % 8 == 0 ? 8 : channels % 4 == 0 ? 4 : 1;

    public static void Load(ReadOnlyView<float> source, int i, Registers<float> values, int lanes, bool isBFloat16)
    {
        if (lanes == 8)
        {
            Float8 loaded = StoredValues.Load8(source, i, isBFloat16);
            values.Store4(0, loaded.Low);
            values.Store4(4, loaded.High);
        }
        else if (lanes == 4) values.Store4(0, StoredValues.Load4(source, i, isBFloat16));
        else values[0] = StoredValues.Load(source, i, isBFloat16);
    }

    public static void Store(Registers<float> values, View<float> target, int i, int lanes, bool isBFloat16)
    {
        if (lanes == 8) StoredValues.Store8(target, i, new Float8(values.Load4(0), values.Load4(4)), isBFloat16);
        else if (lanes == 4) StoredValues.Store4(target, i, values.Load4(0), isBFloat16);
        else StoredValues.Store(target, i, values[0], isBFloat16);
    }
}
