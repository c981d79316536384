using System.Globalization;
using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Training;

namespace GpuCnn.Reports;

/// <summary>A row of <c>steps.csv</c>: the mean of some steps.</summary>
/// <param name="Step">The last of them, counted from the run's beginning.</param>
/// <param name="Steps">How many they are.</param>
/// <param name="Loss">Mean of the batches' losses.</param>
/// <param name="ImagesPerSecond">Of the epoch so far.</param>
/// <param name="WaitingShare">Share of the epoch's time so far that was spent waiting for images.</param>
internal readonly record struct StepRow(
    long Step, long Steps, double LearningRate, double Loss, double ImagesPerSecond, double WaitingShare)
{
    public static StepRow Join(in StepRow a, in StepRow b)
    {
        double share = (double)a.Steps / (a.Steps + b.Steps);
        return new(b.Step, a.Steps + b.Steps, b.LearningRate, share * a.Loss + (1 - share) * b.Loss, b.ImagesPerSecond, b.WaitingShare);
    }
}

/// <summary>
/// The course of a run, step by step, in a bounded number of rows: when there are too many, each two become one. A run that resumes drops
/// the rows after its checkpoint and goes on.
/// </summary>
internal sealed class StepLog
{
    public const string FileName = "steps.csv";

    /// <summary>There are never more rows.</summary>
    public const int MostRows = 1000;

    private const string Header = "step,steps,learningRate,loss,imagesPerSecond,waitingShare";

    private readonly List<StepRow> _rows = new(MostRows + 1);

    /// <summary>Steps of a row.</summary>
    private long _stride = 1;

    public IReadOnlyList<StepRow> Rows => _rows;

    public void Add(in StepReport report)
    {
        StepRow row = new(report.Step, 1, report.LearningRate, report.BatchLoss, report.ImagesPerSecond, report.WaitingShare);
        // A batch without a readable image has no loss.
        if (!double.IsFinite(row.Loss)) return;
        if (_rows.Count > 0 && _rows[^1].Steps < _stride) _rows[^1] = StepRow.Join(_rows[^1], row);
        else _rows.Add(row);
        if (_rows.Count > MostRows) Thin();
    }

    /// <summary>Takes the rows of a file up to a step. A file that is missing or damaged has none.</summary>
    public void Continue(string folder, long step)
    {
        _rows.Clear();
        _stride = 1;
        try
        {
            string file = Path.Combine(folder, FileName);
            if (step > 0 && File.Exists(file)) _rows.AddRange(Read(file).Where(row => row.Step <= step).TakeLast(MostRows));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            // The curves begin here then.
        }
        foreach (StepRow row in _rows) _stride = Math.Max(_stride, row.Steps);
    }

    /// <exception cref="Engine.GpuCnnException">The file cannot be written.</exception>
    public void Save(string folder)
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (StepRow row in _rows)
            text.Append(CultureInfo.InvariantCulture,
                $"{row.Step},{row.Steps},{row.LearningRate:G9},{row.Loss:G9},{row.ImagesPerSecond:F1},{row.WaitingShare:F4}\n");
        AtomicFile.Write(Path.Combine(folder, FileName), stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <exception cref="FormatException">The file is damaged.</exception>
    public static IReadOnlyList<StepRow> Read(string file)
    {
        IReadOnlyList<string>[] rows = [.. CsvText.Rows(File.ReadAllText(file))];
        if (rows.Length == 0 || string.Join(',', rows[0]) != Header) throw new FormatException($"expected the columns {Header}");
        return [.. rows.Skip(1).Select(row => row.Count == 6 ? new StepRow(Whole(row[0]), Whole(row[1]), Number(row[2]), Number(row[3]),
            Number(row[4]), Number(row[5])) : throw new FormatException($"expected 6 values in a row, but got {row.Count}"))];

        static long Whole(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value
            : throw new FormatException($"expected a whole number, but got '{text}'");
        static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private void Thin()
    {
        int kept = 0;
        for (int i = 0; i < _rows.Count; i += 2)
            _rows[kept++] = i + 1 < _rows.Count ? StepRow.Join(_rows[i], _rows[i + 1]) : _rows[i];
        _rows.RemoveRange(kept, _rows.Count - kept);
        _stride *= 2;
    }
}
