namespace GpuCnn.Engine.Distributed;

/// <summary>Measures sums over ranks, with nothing beside them.</summary>
public static class ExchangeMeasurement
{
    /// <summary>4 KiB to 64 MiB, by a factor of 4.</summary>
    public static IReadOnlyList<long> UsualSizes { get; } = [.. Enumerable.Range(0, 8).Select(power => 4096L << (2 * power))];

    private const int WarmUps = 2, Runs = 5, MostRepetitions = 200;

    // Of a run. Shorter ones measure how late ranks leave the barrier.
    private const double LongEnough = 0.02;

    /// <summary>
    /// Measures sums of one size after another; all ranks call this. A run is several sums in a row, and the slowest rank's time counts.
    /// </summary>
    /// <returns>On all ranks the same times: the median of the runs.</returns>
    public static IReadOnlyList<ExchangeTime> MeasureEach(Communicator ranks, IEnumerable<long> sizes) =>
        [.. sizes.Select(bytes => new ExchangeTime(bytes, MeasureAll(ranks, [bytes])))];

    /// <summary>Measures sums of several sizes, one begun after another without a wait, as a training step does.</summary>
    /// <returns>On all ranks the same seconds, of all sums together: the median of the runs.</returns>
    public static double MeasureAll(Communicator ranks, IReadOnlyList<long> sizes)
    {
        using var loop = new ExchangeLoop(ranks, sizes);
        double first = 0;
        for (int i = 0; i < WarmUps; i++) first = Slowest(1);
        int repetitions = (int)Math.Clamp(LongEnough / first, 1, MostRepetitions);
        double[] seconds = [.. Enumerable.Range(0, Runs).Select(_ => Slowest(repetitions)).Order()];
        return seconds[Runs / 2];

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
