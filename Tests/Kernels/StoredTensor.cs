using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Checks tensors that are floats or bfloat16 bit for bit, with an oracle of its own for rounding.</summary>
internal static class StoredTensor
{
    /// <summary>Copies values that are bfloat16, or any, to a device.</summary>
    public static DeviceBuffer<float> Buffer(SampleDevice device, float[] values, bool isBFloat16)
    {
        Assert.That(values, Is.All.Matches<float>(value => !isBFloat16 || (BitConverter.SingleToUInt32Bits(value) & 0xFFFF) == 0),
            "values that are no bfloat16");
        return device.Stored(values, isBFloat16);
    }

    /// <summary>Checks all bits of a tensor, and that nothing was written past its end.</summary>
    public static void Check(string what, DeviceBuffer<float> buffer, float[] expected, bool isBFloat16)
    {
        Closeness.CheckSameBits(what, BFloat16Numbers.Values(buffer, expected.Length, isBFloat16), expected);
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
}
