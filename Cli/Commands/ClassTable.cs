using GpuCnn.Cli.Output;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;

namespace GpuCnn.Cli.Commands;

/// <summary>Writes the quality of classes as a table: those with the lowest F1 first.</summary>
internal static class ClassTable
{
    private const int Most = 10;

    public static void Write(TextWriter output, Judgement judgement)
    {
        if (judgement.Matrix.Images == 0) return;
        output.WriteLine();
        TextTable table = new("class", ">precision", ">recall", ">F1", ">images", "most confused with");
        (int Class, ClassQuality Quality)[] rows =
            [.. judgement.WorstFirst().Where(row => row.Quality.Support + row.Quality.Predicted > 0)];
        var confused = judgement.Confusions().GroupBy(pair => pair.Label).ToDictionary(group => group.Key, group => group.First());
        foreach ((int index, ClassQuality quality) in rows.Take(Most))
            table.Add(judgement.Classes[index], Words.Percent(quality.Precision), Words.Percent(quality.Recall), Words.Percent(quality.F1),
                Words.Number(quality.Support), confused.TryGetValue(index, out (int Label, int Prediction, long Count) pair)
                    ? $"{judgement.Classes[pair.Prediction]} ({Words.Number(pair.Count)})" : "");
        ClassQuality macro = judgement.Matrix.MacroAverage();
        table.Add("mean", Words.Percent(macro.Precision), Words.Percent(macro.Recall), Words.Percent(macro.F1),
            Words.Number(judgement.Matrix.Images), "");
        table.Write(output);
        if (rows.Length > Most) output.WriteLine($"The {Most} worst of {Words.Number(rows.Length)} classes; the mean is of all.");
    }
}
