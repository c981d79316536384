namespace GpuCnn.Engine.Distributed;

/// <summary>Measured time of a sum over ranks.</summary>
/// <param name="Bytes">Bytes of a rank's values.</param>
/// <param name="Seconds">From the begin until the last rank has the sums.</param>
public readonly record struct ExchangeTime(long Bytes, double Seconds);

/// <summary>A line through measured times: seconds = start + perByte bytes.</summary>
/// <param name="StartSeconds">Time of the smallest exchange.</param>
/// <param name="SecondsPerByte">Time of each further byte of a rank's values.</param>
/// <param name="LargestError">Largest difference from a measured time, as a part of that.</param>
public sealed record ExchangeFit(double StartSeconds, double SecondsPerByte, double LargestError)
{
    /// <summary>
    /// Fits the line by least squares of the errors relative to each time, so that small exchanges count as much as large ones. Neither
    /// number is below 0.
    /// </summary>
    public static ExchangeFit Of(IReadOnlyList<ExchangeTime> times)
    {
        if (times.Count < 2) throw new ArgumentException("A line needs the times of at least two sizes.", nameof(times));
        // Each equation start + perByte bytes = seconds, divided by its seconds.
        double ss = 0, sb = 0, bb = 0, s = 0, b = 0;
        foreach (ExchangeTime time in times)
        {
            double x = 1 / time.Seconds, y = time.Bytes / time.Seconds;
            (ss, sb, bb, s, b) = (ss + x * x, sb + x * y, bb + y * y, s + x, b + y);
        }
        double determinant = ss * bb - sb * sb;
        double start = (s * bb - b * sb) / determinant, perByte = (ss * b - sb * s) / determinant;
        if (!(start >= 0)) (start, perByte) = (0, b / bb);
        if (!(perByte >= 0)) (start, perByte) = (s / ss, 0);
        return new(start, perByte, times.Max(time => Math.Abs(start + perByte * time.Bytes - time.Seconds) / time.Seconds));
    }

    /// <summary>Predicted seconds of an exchange.</summary>
    public double Seconds(long bytes) => StartSeconds + SecondsPerByte * bytes;

    /// <summary>Seconds of a message of <see cref="ExchangeAlgorithm.Direct"/>, α: each rank sends 2 (N - 1).</summary>
    public double MessageSeconds(int ranks) => StartSeconds / (2 * (ranks - 1));

    /// <summary>Bytes per second that a rank sends, and receives, in large exchanges, 1 / β: 2 (N - 1)/N of its values.</summary>
    public double BytesPerSecond(int ranks) => 2.0 * (ranks - 1) / ranks / SecondsPerByte;
}
