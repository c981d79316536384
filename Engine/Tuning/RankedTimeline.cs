using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Tuning;

/// <summary>Something that took time, from the moment at which all ranks began.</summary>
/// <param name="Bytes">Bytes of an exchange; 0 of a step.</param>
public sealed record TimelineSpan(string Name, double Began, double Ended, long Bytes)
{
    public double Seconds => Ended - Began;
}

/// <summary>One training step of one rank: what it computed, and which pieces of the gradients were exchanged meanwhile.</summary>
/// <param name="Rank">From 0.</param>
/// <param name="Steps">The plan's steps, in order.</param>
/// <param name="Exchanges">Sums over the ranks, in the order they began. They may overlap.</param>
/// <param name="ComputingUntil">When the backward pass ended, in seconds.</param>
public sealed record RankTimeline(
    int Rank, IReadOnlyList<TimelineSpan> Steps, IReadOnlyList<TimelineSpan> Exchanges, double ComputingUntil)
{
    /// <summary>Seconds in which at least one piece was on its way.</summary>
    public double ExchangeSeconds => Covered(double.PositiveInfinity);

    /// <summary>Share of <see cref="ExchangeSeconds"/> in which the backward pass still ran; 0 without exchanges.</summary>
    public double HiddenShare => ExchangeSeconds > 0 ? Covered(ComputingUntil) / ExchangeSeconds : 0;

    private double Covered(double limit)
    {
        double covered = 0, end = 0;
        foreach (TimelineSpan span in Exchanges.OrderBy(span => span.Began))
        {
            double first = Math.Max(span.Began, end), last = Math.Min(span.Ended, limit);
            if (last > first) covered += last - first;
            end = Math.Max(end, span.Ended);
        }
        return covered;
    }
}

/// <summary>
/// A training step of all ranks as it ran: steps one after another, exchanges beside them. Its times are those of a step whose device is
/// waited for after each kernel.
/// </summary>
public static class RankedTimeline
{
    /// <summary>Measures a training step on all ranks, which call this together, after some steps to warm up.</summary>
    /// <param name="plan">A plan that trains, of one batch an update, whose parameters have values.</param>
    /// <returns>A timeline for each rank; empty on other ranks than 0.</returns>
    public static IReadOnlyList<RankTimeline> Measure(Plan plan, Batch batch, int warmUp = 3)
    {
        Communicator ranks = plan.Options.Ranks;
        int steps = plan.Passes.End;
        var times = new (long Began, long Ended)[steps];
        for (int i = 0; i <= warmUp; i++)
        {
            ranks.Barrier();
            long start = Stopwatch.GetTimestamp();
            plan.RunTraced(batch, times);
            if (i == warmUp) return Gather(ranks, plan, times, start);
        }
        return [];
    }

    private static IReadOnlyList<RankTimeline> Gather(Communicator ranks, Plan plan, (long Began, long Ended)[] times, long start)
    {
        IReadOnlyList<GradientBucket> buckets = plan.Buckets;
        double[] own =
        [
            .. times.SelectMany(time => new[] { Seconds(time.Began), Seconds(time.Ended) }),
            .. plan.Sums?.Sums.SelectMany(sum => new[] { Seconds(sum.Times.Began), Seconds(sum.Times.Ended) }) ?? [],
        ];
        var all = new double[own.Length * ranks.Size];
        ranks.AllGather<double>(own, all);
        if (!ranks.IsFirst) return [];
        IReadOnlyList<string> names = plan.Steps;
        return
        [
            .. Enumerable.Range(0, ranks.Size).Select(rank =>
            {
                double[] row = all[(rank * own.Length)..((rank + 1) * own.Length)];
                return new RankTimeline(rank,
                    [.. names.Select((name, i) => new TimelineSpan(name, row[2 * i], row[2 * i + 1], 0))],
                    [.. buckets.Select((bucket, i) => new TimelineSpan(
                        $"gradients {i + 1} of {buckets.Count}", row[2 * (names.Count + i)], row[2 * (names.Count + i) + 1],
                        sizeof(float) * (long)bucket.Count))],
                    row[2 * plan.Passes.Update - 1]);
            }),
        ];

        double Seconds(long ticks) => (ticks - start) / (double)Stopwatch.Frequency;
    }
}
