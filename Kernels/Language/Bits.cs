namespace GpuCnn.Kernels.Language;

/// <summary>Reinterprets the bits of a float as an integer, and back.</summary>
public static class Bits
{
    public static int ToInt32(float value) => BitConverter.SingleToInt32Bits(value);

    public static uint ToUInt32(float value) => BitConverter.SingleToUInt32Bits(value);

    public static float ToSingle(int bits) => BitConverter.Int32BitsToSingle(bits);

    public static float ToSingle(uint bits) => BitConverter.UInt32BitsToSingle(bits);
}
