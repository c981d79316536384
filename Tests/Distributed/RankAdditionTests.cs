using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

public sealed unsafe class RankAdditionTests
{
    /// <summary>Vectors, their rests and blocks give the bits of one float after another.</summary>
    [Test]
    public void AddsInRankOrderInFloat64([Values(1, 2, 5)] int ranks, [Values(0, 1, 7, 8, 31, 1024, 2055)] int count)
    {
        var random = new Random(17 * ranks + count);
        float[][] values = [.. Enumerable.Range(0, ranks).Select(_ => GC.AllocateArray<float>(count + 1, pinned: true))];
        var expected = new float[count];
        for (int i = 0; i < count; i++)
        {
            double sum = 0;
            foreach (float[] own in values) sum += own[i] = (random.NextSingle() - 0.5f) * MathF.Pow(2, random.Next(-40, 40));
            expected[i] = (float)sum;
        }
        if (count > 0)
        {
            // Negative zeros sum to zero, and what goes past the largest float is infinite.
            foreach (float[] own in values) own[0] = -0f;
            expected[0] = 0;
            foreach (float[] own in values) own[count - 1] = float.MaxValue;
            expected[count - 1] = ranks == 1 ? float.MaxValue : float.PositiveInfinity;
        }
        foreach (float[] own in values) own[count] = 42;
        float** addresses = stackalloc float*[ranks];
        for (int rank = 0; rank < ranks; rank++) fixed (float* address = values[rank]) addresses[rank] = address;
        // In place, as in a sum of ranks.
        RankAddition.Add(addresses, ranks, addresses[ranks - 1], count);
        Assert.That(
            values[^1][..count].Select(BitConverter.SingleToInt32Bits), Is.EqualTo(expected.Select(BitConverter.SingleToInt32Bits)));
        Assert.That(values[^1][count], Is.EqualTo(42));
    }
}
