using System.Diagnostics;

namespace GpuCnn.Data;

/// <summary>The stages of preparing a picture, in order.</summary>
internal enum Stage
{
    /// <summary>Reading the file and its header.</summary>
    Read,

    /// <summary>Decoding pixels.</summary>
    Decode,

    /// <summary>Scaling and normalizing.</summary>
    Resize,

    /// <summary>Changing pixels at random.</summary>
    Augment,
}

/// <summary>Adds up the time of each stage. Belongs to one thread.</summary>
internal sealed class StageClock
{
    private readonly long[] _ticks = new long[Enum.GetValues<Stage>().Length];

    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Adds the time since <paramref name="start"/>.</summary>
    public void Add(Stage stage, long start) => _ticks[(int)stage] += Stopwatch.GetTimestamp() - start;

    public double Seconds(Stage stage) => (double)_ticks[(int)stage] / Stopwatch.Frequency;
}
