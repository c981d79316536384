using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Keeps the winner of each window of a max pool from the forward to the backward pass: its place in the window, row-major, in a byte, or
/// in the bits of a float where a byte does not do.
/// </summary>
internal static class PoolWinners
{
    private const int Bytes = 256;

    /// <summary>Whether winners are bytes: if a thread has the four of a float, and a byte counts the places of a window.</summary>
    public static bool AreBytes(PoolShape shape) => shape.Lanes % 4 == 0 && (long)shape.R * shape.S <= Bytes;

    /// <summary>Returns the floats that hold the winners of a number of outputs.</summary>
    public static long Floats(PoolShape shape, long outputs) => AreBytes(shape) ? outputs / 4 : outputs;

    /// <summary>Loads the winners of a thread's channels. The index counts winners.</summary>
    public static void Load(ReadOnlyView<float> source, int i, Registers<int> winners, int lanes, bool areBytes)
    {
        if (areBytes && lanes == 8)
        {
            Float2 loaded = source.Load2(i >> 2);
            Unpack(loaded.X, winners, 0);
            Unpack(loaded.Y, winners, 4);
        }
        else if (areBytes) Unpack(source[i >> 2], winners, 0);
        else
        {
            if (lanes == 8) LoadFour(source, i + 4, winners, 4);
            if (lanes >= 4) LoadFour(source, i, winners, 0);
            else winners[0] = Bits.ToInt32(source[i]);
        }
    }

    /// <summary>Stores the winners of a thread's channels.</summary>
    public static void Store(Registers<int> winners, View<float> target, int i, int lanes, bool areBytes)
    {
        if (areBytes && lanes == 8) target.Store2(i >> 2, new Float2(Packed(winners, 0), Packed(winners, 4)));
        else if (areBytes) target[i >> 2] = Packed(winners, 0);
        else
        {
            if (lanes == 8) target.Store4(i + 4, Four(winners, 4));
            if (lanes >= 4) target.Store4(i, Four(winners, 0));
            else target[i] = Bits.ToSingle(winners[0]);
        }
    }

    private static float Packed(Registers<int> winners, int first) =>
        Bits.ToSingle(winners[first] | winners[first + 1] << 8 | winners[first + 2] << 16 | winners[first + 3] << 24);

    private static void Unpack(float packed, Registers<int> winners, int first)
    {
        int bits = Bits.ToInt32(packed);
        winners[first] = bits & 0xFF;
        winners[first + 1] = bits >> 8 & 0xFF;
        winners[first + 2] = bits >> 16 & 0xFF;
        winners[first + 3] = bits >> 24 & 0xFF;
    }

    private static Float4 Four(Registers<int> winners, int first) => new(
        Bits.ToSingle(winners[first]), Bits.ToSingle(winners[first + 1]), Bits.ToSingle(winners[first + 2]),
        Bits.ToSingle(winners[first + 3]));

    private static void LoadFour(ReadOnlyView<float> source, int i, Registers<int> winners, int first)
    {
        Float4 loaded = source.Load4(i);
        winners[first] = Bits.ToInt32(loaded.X);
        winners[first + 1] = Bits.ToInt32(loaded.Y);
        winners[first + 2] = Bits.ToInt32(loaded.Z);
        winners[first + 3] = Bits.ToInt32(loaded.W);
    }
}
