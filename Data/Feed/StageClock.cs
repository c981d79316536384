using System.Diagnostics;

namespace GpuCnn.Data;

/// <summary>What is done for a picture, in order.</summary>
public enum Stage
{
    /// <summary>The file is read, and its header.</summary>
    Read,

    /// <summary>Pixels are decoded.</summary>
    Decode,

    /// <summary>They are scaled and normalised.</summary>
    Resize,

    /// <summary>They are changed at random.</summary>
    Augment,
}

/// <summary>Adds up the time of each stage. Belongs to one thread.</summary>
internal sealed class StageClock
{
    private readonly long[] _ticks = new long[Enum.GetValues<Stage>().Length];

    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Counts the time since <paramref name="start"/>.</summary>
    public void Add(Stage stage, long start) => _ticks[(int)stage] += Stopwatch.GetTimestamp() - start;

    public double Seconds(Stage stage) => (double)_ticks[(int)stage] / Stopwatch.Frequency;
}
