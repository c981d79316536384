using System.Diagnostics;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine.Devices.Cpu;

namespace GpuCnn.Bench.Compare;

/// <summary>
/// Measures a workload in rounds: probe, ours, probe, theirs, probe. A round with a probe well below the best peak seen is dropped and
/// repeated, up to a limit. While one side runs, the other sleeps.
/// </summary>
internal sealed class Rounds(CpuDevice device, Peer peer, PeakProbe probe, int wanted)
{
    /// <summary>Upper limit of rounds per wanted round.</summary>
    private const int Attempts = 3;

    // A sample is short compared with the times for which a shared core is taken away, and long compared with a clock tick.
    private const double SampleSeconds = 0.06, WarmUpSeconds = 0.3;

    /// <summary>A run of at least this length is a sample by itself.</summary>
    private const double LongSeconds = 0.15;

    private const int FewestRepetitions = 3, MostRepetitions = 2000;

    public Comparison Measure(Workload workload)
    {
        using Subject ours = workload.Open(device);
        long[] positions = Verification.Positions(workload);
        PeerResult theirs = peer.Prepare(workload, positions);
        Workload known = workload.Expecting(positions, () => theirs.Samples);
        Verification.Check(known, "GpuCnn", positions, i => ours.ResultAt(positions[i]));
        Verification.Check(known, "PyTorch", positions, i => theirs.Samples[i]);

        int peerRepetitions = Repetitions(theirs.Seconds), ourRepetitions = Repetitions(WarmUp(ours));
        int most = Math.Min(wanted, workload.MostRounds);
        var rounds = new List<Round>();
        var kept = new List<Round>();
        while (kept.Count < most && rounds.Count < Attempts * most)
        {
            double before = probe.WaitForQuiet();
            double our = Statistics.Median(Run(ours, ourRepetitions));
            double between = probe.Measure();
            double their = Statistics.Median(peer.Run(peerRepetitions));
            rounds.Add(new(our, their, Math.Min(Math.Min(before, between), probe.Measure())));
            // Judge all rounds again, because the best peak may have risen.
            kept = [.. rounds.Where(round => probe.IsQuiet(round.Peak))];
        }
        List<Round> counted = kept.Count > 0 ? kept : rounds;
        return new(workload, ours.Steps,
            Statistics.Median(counted.Select(round => round.Ours)), Statistics.Median(counted.Select(round => round.Theirs)),
            kept.Count, rounds.Count - kept.Count, kept.Count > 0, theirs.Setting);
    }

    private static double WarmUp(Subject subject)
    {
        var seconds = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds) seconds.AddRange(Run(subject, 1));
        return Statistics.Median(seconds);
    }

    private static double[] Run(Subject subject, int repetitions)
    {
        var seconds = new double[repetitions];
        for (int i = 0; i < repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            subject.Run();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return seconds;
    }

    private static int Repetitions(double seconds) =>
        seconds >= LongSeconds ? 1 : (int)Math.Clamp(SampleSeconds / seconds, FewestRepetitions, MostRepetitions);

    /// <summary>A median of each side, and the lowest peak around them.</summary>
    private readonly record struct Round(double Ours, double Theirs, double Peak);
}
