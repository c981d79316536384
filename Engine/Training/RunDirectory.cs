using System.Globalization;
using GpuCnn.Engine.Files;

namespace GpuCnn.Engine.Training;

/// <summary>
/// The folder of a run: <c>config.json</c>, <c>metrics.csv</c>, <c>checkpoint-STEP.safetensors</c> (the last two, and the last good one),
/// <c>best.safetensors</c>, <c>final.safetensors</c>. Every file is replaced whole or not at all.
/// </summary>
public sealed class RunDirectory
{
    private const string MetricsHeader = "epoch,step,learningRate,trainLoss,trainTop1,valLoss,valTop1,valTop5,imagesPerSecond,seconds";
    private const string CheckpointPrefix = "checkpoint-", Extension = ".safetensors";
    private const int CheckpointsKept = 2;

    private RunDirectory(string path) => Path = path;

    public string Path { get; }

    public string ConfigPath => System.IO.Path.Combine(Path, "config.json");

    public string MetricsPath => System.IO.Path.Combine(Path, "metrics.csv");

    /// <summary>Weights of the epoch with the best validation.</summary>
    public string BestPath => System.IO.Path.Combine(Path, "best" + Extension);

    public string FinalPath => System.IO.Path.Combine(Path, "final" + Extension);

    /// <summary>Creates the folder of a new run.</summary>
    /// <exception cref="GpuCnnException">The folder already holds a run, or cannot be created.</exception>
    public static RunDirectory Create(string path)
    {
        var run = new RunDirectory(path);
        try
        {
            Directory.CreateDirectory(path);
            if (File.Exists(run.ConfigPath) || run.Checkpoints().Any())
                throw new RunExistsException($"{path} already holds a run.", path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GpuCnnException($"{path} cannot be used as a run's folder: {exception.Message}", exception);
        }
        return run;
    }

    /// <summary>Opens the folder of a run to continue.</summary>
    public static RunDirectory Open(string path)
    {
        var run = new RunDirectory(path);
        if (!File.Exists(run.ConfigPath)) throw new NoRunException($"{path} is not the folder of a run: it has no config.json.", path);
        AtomicFile.RemoveLeftovers(path);
        return run;
    }

    public void WriteConfig(string json) => AtomicFile.Write(ConfigPath, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(json)));

    public string CheckpointPath(long step) =>
        System.IO.Path.Combine(Path, CheckpointPrefix + step.ToString("D9", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Returns the checkpoints, newest first.</summary>
    public IEnumerable<string> Checkpoints() =>
        Directory.EnumerateFiles(Path, CheckpointPrefix + "*" + Extension).OrderByDescending(file => file, StringComparer.Ordinal);

    /// <summary>Removes all but the newest checkpoints. A file that cannot be removed stays.</summary>
    /// <param name="good">A checkpoint that stays too; null for none.</param>
    public void RemoveOldCheckpoints(string? good = null)
    {
        foreach (string file in Checkpoints().Skip(CheckpointsKept).ToList())
        {
            if (file == good) continue;
            try
            {
                File.Delete(file);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It costs space, not correctness; the next checkpoint tries again.
            }
        }
    }

    /// <summary>Adds an epoch to the metrics. It takes the place of a part of the same epoch, and of epochs after it.</summary>
    public void AppendMetrics(EpochReport report)
    {
        string Number(double? value) => value?.ToString("G9", CultureInfo.InvariantCulture) ?? "";
        string row = string.Join(',',
            report.Epoch, report.Step, Number(report.LearningRate), Number(report.TrainLoss), Number(report.TrainTop1),
            Number(report.Validation?.Loss), Number(report.Validation?.Top1), Number(report.Validation?.Top5),
            report.ImagesPerSecond.ToString("F1", CultureInfo.InvariantCulture),
            report.Seconds.ToString("F2", CultureInfo.InvariantCulture));
        WriteMetrics(ReadMetrics().Where(earlier => int.TryParse(earlier.Split(',')[0], CultureInfo.InvariantCulture, out int epoch)
            && epoch < report.Epoch).Append(row).ToList());
    }

    /// <summary>Drops the epochs after a step, which a run that resumes there writes again.</summary>
    public void TrimMetrics(long step)
    {
        if (!File.Exists(MetricsPath)) return;
        WriteMetrics(ReadMetrics().Where(row => row.Split(',') is [_, var rowStep, ..]
            && long.TryParse(rowStep, CultureInfo.InvariantCulture, out long at) && at <= step).ToList());
    }

    private IEnumerable<string> ReadMetrics() => File.Exists(MetricsPath) ? File.ReadAllLines(MetricsPath).Skip(1) : [];

    private void WriteMetrics(IEnumerable<string> rows)
    {
        string text = string.Join('\n', rows.Prepend(MetricsHeader)) + "\n";
        AtomicFile.Write(MetricsPath, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
    }
}
