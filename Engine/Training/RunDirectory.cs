using System.Globalization;
using GpuCnn.Engine.Files;

namespace GpuCnn.Engine.Training;

/// <summary>
/// The folder of a run: <c>config.json</c>, <c>metrics.csv</c>, <c>checkpoint-STEP.safetensors</c> (the last ones, and the last good one),
/// <c>best.safetensors</c>, <c>final.safetensors</c>. Every file is replaced whole or not at all. One process holds the folder until it
/// disposes of this or ends.
/// </summary>
public sealed class RunDirectory : IDisposable
{
    private const string MetricsHeader = "epoch,step,learningRate,trainLoss,trainTop1,valLoss,valTop1,valTop5,imagesPerSecond,seconds";
    private const string AverageColumns = ",emaLoss,emaTop1";
    private const string CheckpointPrefix = "checkpoint-", Extension = ".safetensors";

    private FolderLock? _lock;
    private bool _isUnused;

    private RunDirectory(string path) => Path = path;

    public string Path { get; }

    public string ConfigPath => System.IO.Path.Combine(Path, "config.json");

    public string MetricsPath => System.IO.Path.Combine(Path, "metrics.csv");

    /// <summary>Weights of the epoch with the best validation.</summary>
    public string BestPath => System.IO.Path.Combine(Path, "best" + Extension);

    /// <summary>Moving average of the weights at the end.</summary>
    public string AveragePath => System.IO.Path.Combine(Path, "ema" + Extension);

    public string FinalPath => System.IO.Path.Combine(Path, "final" + Extension);

    /// <summary>Creates the folder of a new run, or takes an empty one.</summary>
    /// <exception cref="RunExistsException">The folder already holds a run.</exception>
    /// <exception cref="FolderInUseException">Another process has it.</exception>
    /// <exception cref="GpuCnnException">The folder holds other files, or cannot be created.</exception>
    public static RunDirectory Create(string path)
    {
        var run = new RunDirectory(path);
        try
        {
            // Before a lock is left in a folder that is no run's.
            bool isOwn = !Directory.Exists(path) || FolderLock.IsMarked(path);
            if (!isOwn) run.CheckUnused();
            run._lock = FolderLock.Take(path);
            run._isUnused = isOwn;
            run.CheckUnused();
            AtomicFile.RemoveLeftovers(path, isHeld: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            run._lock?.Dispose();
            throw new GpuCnnException($"{path} cannot be used as a run's folder: {exception.Message}", exception);
        }
        catch
        {
            run._lock?.Dispose();
            throw;
        }
        return run;
    }

    /// <summary>Creates the folder <c>NAME-N</c> of a new run with the smallest number that is free.</summary>
    /// <exception cref="GpuCnnException">It cannot be created.</exception>
    public static RunDirectory CreateNext(string parent, string name)
    {
        for (int number = 1; ; number++)
        {
            string path = System.IO.Path.Combine(parent, $"{name}-{number}");
            // A beginning that was killed leaves its number to the next one.
            if (System.IO.Path.Exists(path) && !FolderLock.IsMarked(path)) continue;
            try
            {
                return Create(path);
            }
            catch (Exception exception) when (exception is RunExistsException or FolderInUseException or FolderNotEmptyException)
            {
                // Taken by another process, at this moment or before.
            }
        }
    }

    /// <summary>Opens the folder of a run to continue.</summary>
    /// <exception cref="NoRunException">The folder holds no run.</exception>
    /// <exception cref="FolderInUseException">Another process has it.</exception>
    /// <exception cref="GpuCnnException">The folder cannot be written.</exception>
    public static RunDirectory Open(string path)
    {
        var run = new RunDirectory(path);
        bool isBegun = Directory.Exists(path) && FolderLock.IsMarked(path);
        if (!File.Exists(run.ConfigPath) && !isBegun)
            throw new NoRunException($"{path} is not the folder of a run: it has no config.json.", path);
        try
        {
            run._lock = FolderLock.Take(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GpuCnnException($"The run in {path} cannot be continued: {exception.Message}", exception);
        }
        if (!File.Exists(run.ConfigPath))
        {
            run.Dispose();
            throw new NoRunException($"The run in {path} was stopped before it began: it has no config.json.", path);
        }
        AtomicFile.RemoveLeftovers(path, isHeld: true);
        return run;
    }

    /// <summary>Names the files of a run without taking its folder, which another process may have.</summary>
    /// <exception cref="NoRunException">The folder holds no run.</exception>
    public static RunDirectory Look(string path)
    {
        var run = new RunDirectory(path);
        return File.Exists(run.ConfigPath) ? run
            : throw new NoRunException($"{path} is not the folder of a run: it has no config.json.", path);
    }

    /// <summary>Leaves the folder to others. A folder that was created for a run that never began is removed.</summary>
    public void Dispose()
    {
        if (_isUnused) _lock?.DisposeAndRemove();
        else _lock?.Dispose();
    }

    public void WriteConfig(string json) => AtomicFile.Write(ConfigPath, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(json)));

    public string CheckpointPath(long step) =>
        System.IO.Path.Combine(Path, CheckpointPrefix + step.ToString("D9", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Returns the checkpoints, newest first.</summary>
    public IEnumerable<string> Checkpoints() =>
        Directory.EnumerateFiles(Path, CheckpointPrefix + "*" + Extension).Where(file => StepOf(file) is not null)
            .OrderByDescending(StepOf);

    /// <summary>The step in a checkpoint's file name; null for other files.</summary>
    public static long? StepOf(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        return name.StartsWith(CheckpointPrefix, StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal)
            && long.TryParse(
                name.AsSpan()[CheckpointPrefix.Length..^Extension.Length], NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step : null;
    }

    /// <summary>
    /// Removes old checkpoints. Those after <paramref name="newest"/> do not count: they were damaged when the run went on from an earlier
    /// one. A file that cannot be removed stays.
    /// </summary>
    /// <param name="newest">Step of the newest checkpoint.</param>
    /// <param name="keep">How many to keep, the newest first; 0 keeps all.</param>
    /// <param name="others">Paths of further ones that stay.</param>
    public void RemoveOldCheckpoints(long newest, int keep, params IReadOnlyCollection<string> others)
    {
        if (keep == 0) return;
        foreach (string file in Checkpoints().Where(file => StepOf(file) <= newest).Skip(keep).Except(others).ToList())
        {
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
        if (report.AverageValidation is { } average) row += $",{Number(average.Loss)},{Number(average.Top1)}";
        string header = report.AverageValidation is null ? MetricsHeader : MetricsHeader + AverageColumns;
        WriteMetrics(header, ReadMetrics().Where(earlier => int.TryParse(earlier.Split(',')[0], CultureInfo.InvariantCulture, out int epoch)
            && epoch < report.Epoch).Append(row).ToList());
    }

    /// <summary>Drops the epochs after a step, which a run that resumes there writes again.</summary>
    public void TrimMetrics(long step)
    {
        if (File.Exists(MetricsPath)) WriteMetrics(File.ReadLines(MetricsPath).First(), RowsTo(step));
    }

    private List<string> RowsTo(long step) =>
        [.. ReadMetrics().Where(row => row.Split(',') is [_, var rowStep, ..]
            && long.TryParse(rowStep, CultureInfo.InvariantCulture, out long at) && at <= step)];

    private IEnumerable<string> ReadMetrics() => File.Exists(MetricsPath) ? File.ReadAllLines(MetricsPath).Skip(1) : [];

    private void WriteMetrics(string header, IEnumerable<string> rows)
    {
        string text = string.Join('\n', rows.Prepend(header)) + "\n";
        AtomicFile.Write(MetricsPath, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Refuses a folder that holds more than a killed beginning leaves.</summary>
    private void CheckUnused()
    {
        if (File.Exists(ConfigPath) || Checkpoints().Any()) throw new RunExistsException($"{Path} already holds a run.", Path);
        string? other = Directory.EnumerateFileSystemEntries(Path).Select(entry => System.IO.Path.GetFileName(entry))
            .Where(name => !FolderLock.Owns(name) && !AtomicFile.IsTemporary(name)).Order(StringComparer.Ordinal).FirstOrDefault();
        if (other is not null)
            throw new FolderNotEmptyException($"{Path} is not empty: a run expects a folder of its own, but it holds '{other}'.", Path);
    }
}
