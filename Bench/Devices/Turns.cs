using System.Diagnostics;
using GpuCnn.Bench.Compare;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;

namespace GpuCnn.Bench.Devices;

/// <summary>
/// Measures a workload on a device in turns: ours, theirs, ours, theirs. A turn gives the idle device enough runs to be busy for a while,
/// waits for all of them, and divides.
/// </summary>
internal sealed class Turns(Device device, Peer? peer, int rounds)
{
    private const double TurnSeconds = 0.06, WarmUpSeconds = 0.15;

    private const int MostRuns = 2000;

    /// <exception cref="GpuCnnException">It cannot run, or a result is wrong.</exception>
    /// <param name="workload">The workload.</param>
    /// <param name="remark">Receives the reason why the peer is missing in this row.</param>
    public Comparison Measure(Workload workload, Action<string> remark)
    {
        using Subject ours = workload.Open(device);
        long[] positions = Verification.Positions(workload);
        PeerResult? theirs = Prepare(workload, positions, remark);
        Workload known = workload.Expecting(positions, () => theirs?.Samples ?? OnCpu(workload, positions));
        Verification.Check(known, "GpuCnn", positions, i => ours.ResultAt(positions[i]));
        if (theirs is not null) Verification.Check(known, "PyTorch", positions, i => theirs.Samples[i]);

        int ourRuns = Runs(WarmUp(ours)), theirRuns = Runs(theirs?.Seconds ?? 1);
        List<double> our = [], their = [];
        while (our.Count < rounds)
        {
            our.Add(Seconds(ours, ourRuns));
            if (theirs is not null) their.Add(peer!.RunTogether(theirRuns));
        }
        double? theirSeconds = theirs is null ? null : Statistics.Median(their);
        return new(workload, ours.Steps, Statistics.Median(our), theirSeconds, rounds, 0, true, theirs?.Setting);
    }

    private PeerResult? Prepare(Workload workload, long[] positions, Action<string> remark)
    {
        try
        {
            return peer?.Prepare(workload, positions);
        }
        catch (GpuCnnException exception)
        {
            remark(exception.Message);
            return null;
        }
    }

    /// <summary>The CPU device's result, which is compared with PyTorch elsewhere.</summary>
    private static double[] OnCpu(Workload workload, long[] positions)
    {
        using var cpu = new CpuDevice();
        using Subject subject = workload.Open(cpu);
        return [.. positions.Select(subject.ResultAt)];
    }

    private static double WarmUp(Subject subject)
    {
        var seconds = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds) seconds.Add(Seconds(subject, 1));
        return Statistics.Median(seconds);
    }

    private static double Seconds(Subject subject, int runs)
    {
        subject.Finish();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++) subject.Run();
        subject.Finish();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / runs;
    }

    private static int Runs(double seconds) => (int)Math.Clamp(TurnSeconds / seconds, 1, MostRuns);
}
