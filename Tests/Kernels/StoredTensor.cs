using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Tensors in buffers as kernels get them: floats, or two bfloat16 values to a float.</summary>
internal static class StoredTensor
{
    /// <summary>Allocates a buffer of values; an odd one has a neighbour that is NaN.</summary>
    public static DeviceBuffer<float> Buffer(SampleDevice device, float[] values, bool isBFloat16)
    {
        if (!isBFloat16) return device.Buffer<float>(values);
        DeviceBuffer<float> buffer = Unset(device, values.Length, true);
        for (int i = 0; i < values.Length; i++) BitConverter.TryWriteBytes(buffer.Bits[(2 * i)..], UpperHalf(values[i]));
        return buffer;
    }

    /// <summary>Allocates an unwritten buffer for a number of values.</summary>
    public static DeviceBuffer<float> Unset(SampleDevice device, int count, bool isBFloat16) =>
        device.Unset<float>(isBFloat16 ? (count + 1) / 2 : count);

    public static float[] Read(DeviceBuffer<float> buffer, int count, bool isBFloat16)
    {
        if (!isBFloat16) return buffer.Span[..count].ToArray();
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(buffer.Bits[(2 * i)..]) << 16);
        return values;
    }

    /// <summary>Checks all bits of a tensor, and that nothing was written past its end.</summary>
    public static void Check(string what, DeviceBuffer<float> buffer, float[] expected, bool isBFloat16)
    {
        Closeness.CheckSameBits(what, Read(buffer, expected.Length, isBFloat16), expected);
        int end = (isBFloat16 ? 2 : 4) * expected.Length;
        Assert.That(buffer.Bits[end..].ToArray(), Is.All.EqualTo(0xFF), $"{what}: past the end");
    }

    /// <summary>Returns what a store keeps: the nearest bfloat16, ties to even, or the value itself.</summary>
    public static float[] Rounded(float[] values, bool isBFloat16 = true) => isBFloat16 ? Array.ConvertAll(values, Rounded) : values;

    /// <summary>Decides by distances in double: an oracle without arithmetic of bits.</summary>
    public static float Rounded(float value)
    {
        if (float.IsNaN(value) || float.IsInfinity(value)) return value;
        uint bits = BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000;
        float toZero = BitConverter.UInt32BitsToSingle(bits), away = BitConverter.UInt32BitsToSingle(bits + 0x10000);
        // Past the largest number, infinity stands for the next power of two.
        double next = float.IsInfinity(away) ? Math.CopySign(Math.Pow(2, 128), value) : away;
        double below = Math.Abs(value - (double)toZero), above = Math.Abs(next - value);
        return below < above || (below == above && (bits & 0x10000) == 0) ? toZero : away;
    }

    private static ushort UpperHalf(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        Assert.That(bits & 0xFFFF, Is.Zero, $"{value:R} is no bfloat16");
        return (ushort)(bits >> 16);
    }
}
