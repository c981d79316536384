using System.Diagnostics;

namespace GpuCnn.Cli.Output;

/// <summary>Times a step that returns when its results are on the host.</summary>
internal static class StepTimer
{
    private const int WarmUps = 3, FewestSteps = 5, MostSteps = 1000;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1.5);

    /// <summary>Returns the median of at least five steps, or of all that fit into 1.5 seconds, after warm-up.</summary>
    public static double MedianSeconds(Action<int> step)
    {
        for (int i = 0; i < WarmUps; i++) step(i);
        List<double> seconds = [];
        long start = Stopwatch.GetTimestamp();
        while (seconds.Count < FewestSteps || (seconds.Count < MostSteps && Stopwatch.GetElapsedTime(start) < Enough))
        {
            long mark = Stopwatch.GetTimestamp();
            step(WarmUps + seconds.Count);
            seconds.Add(Stopwatch.GetElapsedTime(mark).TotalSeconds);
        }
        seconds.Sort();
        return (seconds[(seconds.Count - 1) / 2] + seconds[seconds.Count / 2]) / 2;
    }
}
