using System.Globalization;
using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine.Files;

namespace GpuCnn.Reports;

/// <summary>
/// <c>results.csv</c>: the epochs of a run under the column names of <c>yolo classify</c>, for programs that read those. One learning rate
/// stands in all columns of parameter groups.
/// </summary>
internal static class ResultsFile
{
    public const string FileName = "results.csv";

    private static readonly string[] Columns =
    [
        "epoch", "time", "train/loss", "metrics/accuracy_top1", "metrics/accuracy_top5", "val/loss", "lr/pg0", "lr/pg1", "lr/pg2",
    ];

    /// <exception cref="Engine.GpuCnnException">It cannot be written.</exception>
    public static void Save(string folder, IReadOnlyList<EpochRow> epochs)
    {
        var text = new StringBuilder(CsvText.Line(Columns));
        foreach (EpochRow row in epochs)
        {
            double[] values =
                [row.Epoch, row.Seconds, row.TrainLoss, row.Top1, row.Top5, row.Loss, row.LearningRate, row.LearningRate, row.LearningRate];
            text.Append(CsvText.Line(values.Select(value =>
                double.IsFinite(value) ? value.ToString("G6", CultureInfo.InvariantCulture) : "")));
        }
        AtomicFile.Write(Path.Combine(folder, FileName), stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
