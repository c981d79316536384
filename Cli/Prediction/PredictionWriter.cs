using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Data;

namespace GpuCnn.Cli.Prediction;

/// <summary>Writes predictions one by one, as they are made.</summary>
internal abstract class PredictionWriter
{
    public abstract void Write(PredictionRow row);

    /// <summary>Ends what was begun.</summary>
    public virtual void End() { }
}

/// <summary>For people: a line for the file, and one for each class.</summary>
/// <param name="classes">In index order, for logits.</param>
internal sealed class TextPredictions(TextWriter output, IReadOnlyList<string> classes) : PredictionWriter
{
    public override void Write(PredictionRow row)
    {
        output.WriteLine(DataFile.OneLine(row.File));
        int width = row.Predictions.Max(prediction => prediction.Class.Length);
        foreach (PredictedClass prediction in row.Predictions)
            output.WriteLine($"  {DataFile.OneLine(prediction.Class).PadRight(width)}  {Words.Percent(prediction.Probability),7}");
        if (row.Logits is not null) output.WriteLine(
            $"  logits: {string.Join(", ", row.Logits.Select((logit, k) => $"{DataFile.OneLine(classes[k])} {logit:G6}"))}");
    }
}

/// <summary>A JSON array with an object for each image.</summary>
internal sealed class JsonPredictions(TextWriter output) : PredictionWriter
{
    private readonly JsonArray _array = new(output);

    public override void Write(PredictionRow row) => _array.Add(row);

    public override void End() => _array.End();
}

/// <summary>
/// Comma-separated values (RFC 4180) with a header: the file, then class, index and probability of the most probable class, of the next
/// one (class_2, index_2, probability_2) and so on, then a column for each class's logit.
/// </summary>
/// <param name="shown">Classes of a row.</param>
/// <param name="classes">In index order, for logits.</param>
internal sealed class CsvPredictions(TextWriter output, int shown, IReadOnlyList<string> classes, bool withLogits) : PredictionWriter
{
    private bool _hasHeader;

    public override void Write(PredictionRow row)
    {
        WriteHeader();
        output.Write(CsvText.Line(
        [
            row.File,
            .. row.Predictions.SelectMany(prediction =>
                (string[])[prediction.Class, Number(prediction.Index), Number(prediction.Probability)]),
            .. row.Logits?.Select(logit => Number(logit)) ?? [],
        ]));
    }

    public override void End() => WriteHeader();

    private void WriteHeader()
    {
        if (_hasHeader) return;
        _hasHeader = true;
        IEnumerable<string> ranked = Enumerable.Range(1, shown).Select(rank => rank == 1 ? "" : $"_{rank}")
            .SelectMany(suffix => (string[])[$"class{suffix}", $"index{suffix}", $"probability{suffix}"]);
        output.Write(CsvText.Line(["file", .. ranked, .. withLogits ? classes.Select(name => $"logit {name}") : []]));
    }

    private static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
