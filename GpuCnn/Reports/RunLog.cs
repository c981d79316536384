using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Training;

namespace GpuCnn.Reports;

/// <summary>A row of <c>metrics.csv</c>; NaN is what it does not have.</summary>
internal sealed record EpochRow(
    double Epoch, double Step, double LearningRate, double TrainLoss, double TrainTop1, double Loss, double Top1, double Top5,
    double ImagesPerSecond, double Seconds, double AverageLoss, double AverageTop1);

/// <summary>What the folder of a run says of it, as far as it can be read: one of an older version, or cut off, has less.</summary>
/// <param name="Config">Contents of <c>config.json</c>; null where it is missing or damaged.</param>
/// <param name="Missing">What could not be read, a line for each.</param>
internal sealed record RunLog(
    string Path, JsonObject? Config, IReadOnlyList<EpochRow> Epochs, IReadOnlyList<StepRow> Steps, IReadOnlyList<string> Missing)
{
    /// <summary>Names the run in place of its folder's name.</summary>
    public string? Label { get; init; }

    public string Name => Label
        ?? System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    /// <exception cref="NoRunException">The folder holds nothing of a run.</exception>
    public static RunLog Read(string path)
    {
        string config = System.IO.Path.Combine(path, "config.json"), metrics = System.IO.Path.Combine(path, "metrics.csv"),
            steps = System.IO.Path.Combine(path, StepLog.FileName);
        if (!File.Exists(config) && !File.Exists(metrics))
            throw new NoRunException($"{path} is not the folder of a run: it has neither config.json nor metrics.csv.", path);
        List<string> missing = [];
        return new(path, Try(config, ReadConfig), Try(metrics, ReadEpochs) ?? [],
            (File.Exists(steps) ? Try(steps, StepLog.Read) : null) ?? [], missing);

        T? Try<T>(string file, Func<string, T> read) where T : class
        {
            try
            {
                if (File.Exists(file)) return read(file);
                missing.Add($"{System.IO.Path.GetFileName(file)} is missing.");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or FormatException
                or GpuCnnException or InvalidOperationException or ArgumentException)
            {
                string reason = exception.Message.ReplaceLineEndings(" ").TrimEnd('.');
                missing.Add($"{System.IO.Path.GetFileName(file)} cannot be read: {reason}.");
            }
            return null;
        }
    }

    private static JsonObject ReadConfig(string file) => JsonNode.Parse(File.ReadAllText(file)) as JsonObject
        ?? throw new FormatException("it is not a JSON object");

    private static List<EpochRow> ReadEpochs(string file)
    {
        IReadOnlyList<string>[] rows = [.. CsvText.Rows(File.ReadAllText(file))];
        if (rows.Length == 0) throw new FormatException("it is empty");
        Dictionary<string, int> columns = [];
        for (int i = 0; i < rows[0].Count; i++) columns.TryAdd(rows[0][i], i);
        return
        [
            .. rows.Skip(1).Select(row => new EpochRow(Of(row, "epoch"), Of(row, "step"), Of(row, "learningRate"), Of(row, "trainLoss"),
                Of(row, "trainTop1"), Of(row, "valLoss"), Of(row, "valTop1"), Of(row, "valTop5"), Of(row, "imagesPerSecond"),
                Of(row, "seconds"), Of(row, "emaLoss"), Of(row, "emaTop1"))).Where(row => double.IsFinite(row.Step)),
        ];

        double Of(IReadOnlyList<string> row, string name) => columns.TryGetValue(name, out int column) && column < row.Count
            && double.TryParse(row[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;
    }
}
