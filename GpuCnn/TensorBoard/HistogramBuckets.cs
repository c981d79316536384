using GpuCnn.Protobuf;

namespace GpuCnn.TensorBoard;

/// <summary>
/// Counts values in TensorFlow's buckets: their limits are 1e-12 and on by factors of 1.1 to 1e20, their negatives, and 0. A bucket holds
/// values from the limit before it up to its own, which is left out.
/// </summary>
internal static class HistogramBuckets
{
    private const double Smallest = 1e-12, Largest = 1e20, Factor = 1.1;

    // Fields of HistogramProto.
    private const int MinimumField = 1, MaximumField = 2, CountField = 3, SumField = 4, SquaresField = 5, LimitField = 6, BucketField = 7;

    private static readonly double[] Limits = MakeLimits();

    /// <summary>The message for values, of which those that are not finite do not count; null if there are no others.</summary>
    public static ProtobufMessage? Of(ReadOnlySpan<float> values)
    {
        var counts = new double[Limits.Length];
        double minimum = double.PositiveInfinity, maximum = double.NegativeInfinity, sum = 0, squares = 0;
        long count = 0;
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) continue;
            count++;
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
            sum += value;
            squares += (double)value * value;
            counts[BucketOf(value)]++;
        }
        if (count == 0) return null;
        // Empty buckets at the ends are left out, but the one before the first says where that begins.
        int first = Math.Max(0, Array.FindIndex(counts, bucket => bucket > 0) - 1);
        int last = Array.FindLastIndex(counts, bucket => bucket > 0);
        return new ProtobufMessage().Add(MinimumField, minimum).Add(MaximumField, maximum).Add(CountField, (double)count)
            .Add(SumField, sum).Add(SquaresField, squares).AddPacked(LimitField, Limits[first..(last + 1)])
            .AddPacked(BucketField, counts[first..(last + 1)]);
    }

    /// <summary>The first bucket whose limit is above a value.</summary>
    private static int BucketOf(double value)
    {
        int found = Array.BinarySearch(Limits, value);
        return Math.Min(found >= 0 ? found + 1 : ~found, Limits.Length - 1);
    }

    private static double[] MakeLimits()
    {
        List<double> positive = [];
        for (double limit = Smallest; limit < Largest; limit *= Factor) positive.Add(limit);
        return [.. Enumerable.Reverse(positive).Select(limit => -limit), 0, .. positive, double.MaxValue];
    }
}
