using System.Diagnostics;
using GpuCnn.Engine.Datasets;

namespace GpuCnn.Data;

/// <summary>How fast images become training batches if nothing makes the reader wait.</summary>
/// <param name="Images">Images of the whole batches that were read.</param>
/// <param name="Workers">Number of threads.</param>
/// <param name="Seconds">Elapsed time.</param>
/// <param name="CpuSeconds">CPU time of all threads of the process.</param>
/// <param name="StageSeconds">Seconds of all workers, by stage.</param>
internal sealed record FeedMeasurement(
    int Images, int Workers, double Seconds, double CpuSeconds, IReadOnlyDictionary<Stage, double> StageSeconds)
{
    private const ulong Seed = 1;

    public double ImagesPerSecond => Images / Seconds;

    public double ImagesPerCpuSecond => Images / CpuSeconds;

    /// <summary>Images per second of one worker that only does this stage.</summary>
    public double StageImagesPerSecond(Stage stage) => StageSeconds[stage] > 0 ? Images / StageSeconds[stage] : 0;

    /// <summary>Reads training batches. The first are not counted: they warm up the code and the memory.</summary>
    /// <param name="dataset">Its caches keep what they read.</param>
    /// <param name="batch">Images per batch, at most as many as there are.</param>
    /// <param name="images">Approximate number of images to read; at least a batch.</param>
    /// <param name="firstStep">First step to read.</param>
    /// <exception cref="Engine.GpuCnnException">An image cannot be read.</exception>
    public static FeedMeasurement Run(ImageDataset dataset, int batch, int images, long firstStep = 0)
    {
        const int WarmUp = 2;
        int steps = Math.Max(1, images / batch);
        List<StageClock> clocks = [];
        using IBatchReader reader = dataset.ReadTraining(batch, Seed, firstStep, Shard.Whole, clocks);
        for (int i = 0; i < WarmUp; i++) reader.Next();
        Dictionary<Stage, double> before = Sum(clocks);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < steps; i++) reader.Next();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        Dictionary<Stage, double> after = Sum(clocks);
        Dictionary<Stage, double> stages = after.ToDictionary(stage => stage.Key, stage => stage.Value - before[stage.Key]);
        return new(steps * batch, dataset.Workers, seconds, cpuSeconds, stages);
    }

    private static Dictionary<Stage, double> Sum(List<StageClock> clocks) =>
        Enum.GetValues<Stage>().ToDictionary(stage => stage, stage => clocks.Sum(clock => clock.Seconds(stage)));
}
