using System.Diagnostics;

namespace GpuCnn.Engine.Distributed;

/// <summary>Measures sums over ranks, with nothing beside them.</summary>
public static class ExchangeMeasurement
{
    /// <summary>4 KiB to 64 MiB, by a factor of 4.</summary>
    public static IReadOnlyList<long> UsualSizes { get; } = [.. Enumerable.Range(0, 8).Select(power => 4096L << (2 * power))];

    private const int WarmUps = 3, Runs = 9, RunsOfLong = 3, MostRepetitions = 200, FirstSums = 51;

    private static readonly TimeSpan Computing = TimeSpan.FromMilliseconds(1);

    // Of a run. Shorter ones measure how late ranks leave the barrier.
    private const double LongEnough = 0.02, Long = 0.5, TooLong = 1;

    /// <summary>
    /// Measures sums of one size after another; all ranks call this. A run is several sums in a row, and the slowest rank's time counts.
    /// Once a sum takes a second, larger ones are left out: slow networks take minutes for them, and tell nothing new.
    /// </summary>
    /// <param name="sizes">Bytes, the smallest first.</param>
    /// <returns>On all ranks the same times: the median of the runs.</returns>
    public static IReadOnlyList<ExchangeTime> MeasureEach(Communicator ranks, IEnumerable<long> sizes)
    {
        var times = new List<ExchangeTime>();
        foreach (long bytes in sizes)
        {
            if (times.Count > 1 && times[^1].Seconds > TooLong) break;
            times.Add(new(bytes, MeasureAll(ranks, [bytes])));
        }
        return times;
    }

    /// <summary>
    /// Measures a small sum that begins after a millisecond of computing, as in a training step: what exchanges may have gone to sleep by
    /// then, and ranks are not as one. In a row of sums nothing is.
    /// </summary>
    /// <returns>On all ranks the same seconds: the median of the sums.</returns>
    public static double MeasureFirst(Communicator ranks)
    {
        using var loop = new ExchangeLoop(ranks, [UsualSizes[0]]);
        double[] seconds = [.. Enumerable.Range(0, FirstSums).Select(_ =>
        {
            ranks.Barrier();
            long start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start) < Computing) Thread.SpinWait(100);
            double own = loop.Run(1);
            var all = new double[ranks.Size];
            ranks.AllGather<double>([own], all);
            return all.Max();
        }).Order()];
        return seconds[FirstSums / 2];
    }

    /// <summary>Measures sums of several sizes, one begun after another without a wait, as a training step does.</summary>
    /// <returns>On all ranks the same seconds, of all sums together: the median of the runs.</returns>
    public static double MeasureAll(Communicator ranks, IReadOnlyList<long> sizes)
    {
        using var loop = new ExchangeLoop(ranks, sizes);
        double first = Slowest(1);
        for (int i = 1; i < WarmUps && first < Long; i++) first = Math.Min(first, Slowest(1));
        int repetitions = (int)Math.Clamp(LongEnough / first, 1, MostRepetitions), runs = first < Long ? Runs : RunsOfLong;
        double[] seconds = [.. Enumerable.Range(0, runs).Select(_ => Slowest(repetitions)).Order()];
        return seconds[runs / 2];

        // Seconds of one repetition on the rank that takes longest: the same on all ranks.
        double Slowest(int count)
        {
            ranks.Barrier();
            double own = loop.Run(count) / count;
            var all = new double[ranks.Size];
            ranks.AllGather<double>([own], all);
            return Math.Max(all.Max(), 1e-9);
        }
    }
}
