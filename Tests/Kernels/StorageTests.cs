using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Converts 16-bit values to floats and back as .NET does.</summary>
public sealed class StorageTests
{
    [Test]
    public void EveryHalfConvertsToDotNetsFloat()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits), actual = new Float16((ushort)bits);
            Assert.That(BitConverter.SingleToUInt32Bits(actual),
                Is.EqualTo(BitConverter.SingleToUInt32Bits(expected)).Or.Matches<uint>(_ => float.IsNaN(expected) && float.IsNaN(actual)),
                $"{bits:x4}");
        }
    }

    [Test]
    public void FloatsRoundToDotNetsHalf()
    {
        // Every half, its neighbors, and the midpoints between them.
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float value = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            if (float.IsNaN(value)) continue;
            uint exact = BitConverter.SingleToUInt32Bits(value);
            foreach (int step in new[] { -0x1001, -0x1000, -0xFFF, -1, 0, 1, 0xFFF, 0x1000, 0x1001 })
            {
                float near = BitConverter.UInt32BitsToSingle((uint)(exact + step));
                if (float.IsNaN(near)) continue;
                Assert.That(((Float16)near).Bits, Is.EqualTo(BitConverter.HalfToUInt16Bits((Half)near)), $"{near:R}");
            }
        }
        Assert.That((float)(Float16)float.NaN, Is.NaN);
    }
}
