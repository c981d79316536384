using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Tensors stored as bfloat16, for tests of kernels that read and write them.</summary>
internal static class BFloat16Numbers
{
    /// <summary>Half of the distance from a bfloat16 to the next, relative to a value.</summary>
    public const double HalfUlp = 1.0 / 256;

    /// <summary>Rounds to bfloat16.</summary>
    public static float[] Rounded(ReadOnlySpan<float> values)
    {
        float[] rounded = new float[values.Length];
        for (int i = 0; i < rounded.Length; i++) rounded[i] = (BFloat16)values[i];
        return rounded;
    }

    /// <summary>Copies values to a device, two to a float if they are stored as bfloat16.</summary>
    public static DeviceBuffer<float> Stored(this SampleDevice device, ReadOnlySpan<float> values, bool isBFloat16)
    {
        if (!isBFloat16) return device.Buffer(values);
        DeviceBuffer<float> buffer = device.Unset<float>((int)StoredValues.Floats(values.Length, true));
        Span<BFloat16> elements = Elements(buffer);
        for (int i = 0; i < values.Length; i++) elements[i] = (BFloat16)values[i];
        return buffer;
    }

    /// <summary>Allocates an unwritten tensor.</summary>
    public static DeviceBuffer<float> UnsetStored(this SampleDevice device, int count, bool isBFloat16) =>
        device.Unset<float>((int)StoredValues.Floats(count, isBFloat16));

    /// <summary>Returns the values of a tensor.</summary>
    public static float[] Values(DeviceBuffer<float> buffer, int count, bool isBFloat16)
    {
        if (!isBFloat16) return buffer.Span[..count].ToArray();
        Span<BFloat16> elements = Elements(buffer);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = elements[i];
        return values;
    }

    /// <summary>
    /// Fails where a value is further off than a tolerance, and half the distance to the next bfloat16 besides if it is stored so.
    /// </summary>
    public static void Check(string what, ReadOnlySpan<float> actual, double[] expected, double tolerance, bool isBFloat16)
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length), what);
        for (int i = 0; i < expected.Length; i++)
        {
            double allowed = tolerance + (isBFloat16 ? HalfUlp * (Math.Abs(expected[i]) + tolerance) : 0);
            if (!(Math.Abs(actual[i] - expected[i]) <= allowed))
                Assert.Fail($"{what}[{i}]: {actual[i]:R} instead of {expected[i]:R}, tolerance {allowed:E2}");
        }
    }

    private static Span<BFloat16> Elements(DeviceBuffer<float> buffer) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<float, BFloat16>(buffer.Span);
}
