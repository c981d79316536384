using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Stores and loads bfloat16 through the kernel that copies; its tests hold the rest.</summary>
public sealed class StoredValuesTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => FloatsAreRoundedToNearest();

    /// <summary>
    /// Runs every bfloat16 with what lies near it and near the midpoints, by vectors and, past the last vector, one by one.
    /// </summary>
    [Test]
    public void FloatsAreRoundedToNearest()
    {
        float[] values = [.. Edges()];
        foreach (int count in new[] { values.Length / 8 * 8, 7, 6 })
        {
            float[] x = values[^count..];
            DeviceBuffer<float> y = Device.UnsetStored(count, true), back = Device.Unset<float>(count);
            var store = new PointwiseForward<Identity>(false, true, Device.Buffer<float>(x), y, count, default);
            Run(store, store.Groups);
            var load = new PointwiseForward<Identity>(true, false, y, back, count, default);
            Run(load, load.Groups);
            float[] stored = BFloat16Numbers.Values(y, count, true);
            for (int i = 0; i < count; i++)
            {
                float expected = StoredTensor.Rounded(x[i]);
                if (BitConverter.SingleToUInt32Bits(stored[i]) == BitConverter.SingleToUInt32Bits(expected)) continue;
                if (!float.IsNaN(x[i]) || !float.IsNaN(stored[i]))
                    Assert.Fail($"{x[i]:R} is stored as {stored[i]:R} instead of {expected:R}.");
            }
            Assert.That(back.Span.SequenceEqual(stored), "loaded values");
        }
    }

    [Test]
    public void RoundGivesWhatAStoreKeeps()
    {
        foreach (float value in Edges())
        {
            float expected = StoredTensor.Rounded(value);
            Assert.That(GpuCnn.Kernels.StoredValues.Round(value, true), Is.EqualTo(expected));
            Assert.That((float)(BFloat16)value, Is.EqualTo(expected));
            Assert.That(GpuCnn.Kernels.StoredValues.Round(value, false), Is.EqualTo(value));
        }
    }

    /// <summary>Zeros, subnormals, powers of two, the largest numbers, infinities and NaN of both signs, and their neighbours.</summary>
    private static IEnumerable<float> Edges()
    {
        uint[] upper = [0, 1, 2, 0x7F, 0x80, 0x81, 0x3F7F, 0x3F80, 0x3F81, 0x4049, 0x7F00, 0x7F7E, 0x7F7F];
        uint[] lower = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF];
        foreach (uint sign in new uint[] { 0, 0x80000000 })
        {
            foreach (uint high in upper)
                foreach (uint low in lower) yield return BitConverter.UInt32BitsToSingle(sign | high << 16 | low);
            yield return BitConverter.UInt32BitsToSingle(sign | 0x7F800000);
            foreach (uint payload in new uint[] { 1, 0xFFFF, 0x400000, 0x7FFFFF, 0x3F8000 })
                yield return BitConverter.UInt32BitsToSingle(sign | 0x7F800000 | payload);
        }
    }
}
