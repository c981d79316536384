using System.Globalization;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>Compares runs: their curves over each other, what they reached, and the settings that differ.</summary>
/// <param name="runs">Two or more.</param>
internal sealed class ComparisonReport(IReadOnlyList<RunLog> runs)
{
    public const string FileName = "comparison.html";

    public HtmlPage ToPage()
    {
        RunLog[] named = Named();
        HtmlPage page = new("Comparison of runs", string.Join(", ", named.Select(run => run.Name)));
        string[] missing = [.. runs.SelectMany(run => run.Missing.Select(line => $"{run.Path}: {line}"))];
        if (missing.Length > 0) page.Add(new("div", missing.Select(line => Html.Note(line))));
        page.Section("Results", Results().ToHtml());
        page.Section("Curves", Html.Note("Training is dashed, validation is drawn through."), Html.Grid(CurvePlots.Of(named)));
        page.Section("Settings that differ", Differences() is { } table ? table.ToHtml() : Html.Paragraph("No setting differs."));
        return page;
    }

    /// <summary>Runs whose names tell them apart: where two folders have one name, by their paths.</summary>
    private RunLog[] Named() => runs.Select(run => run.Name).Distinct().Count() == runs.Count ? [.. runs]
        : [.. runs.Select(run => run with { Label = run.Path })];

    private HtmlTable Results()
    {
        HtmlTable table = new("run", ">epochs", ">best top-1", ">top-5", ">lowest loss", ">images a second", ">seconds")
        {
            IsSortable = true,
        };
        foreach (RunLog run in Named())
        {
            EpochRow? best = run.Epochs.Where(row => double.IsFinite(row.Top1)).MaxBy(row => row.Top1), last = run.Epochs.LastOrDefault();
            double loss = run.Epochs.Select(row => double.IsFinite(row.Loss) ? row.Loss : row.TrainLoss).Where(double.IsFinite)
                .DefaultIfEmpty(double.NaN).Min();
            table.Add(run.Name, Number(last?.Epoch, "0"), Number(best?.Top1, "0.0 %"), Number(best?.Top5, "0.0 %"), Number(loss, "0.0000"),
                Number(last?.ImagesPerSecond, "N0"), Number(last?.Seconds, "N0"));
        }
        return table;
    }

    private HtmlTable? Differences()
    {
        Dictionary<string, string>[] settings = [.. runs.Select(run => SettingList.Of(run.Config).DistinctBy(pair => pair.Name)
            .ToDictionary(pair => pair.Name, pair => pair.Value))];
        string[] names = [.. settings.SelectMany(values => values.Keys).Distinct()
            .Where(name => settings.Select(values => values.GetValueOrDefault(name)).Distinct().Count() > 1)];
        if (names.Length == 0) return null;
        HtmlTable table = new(Named().Select(run => run.Name).Prepend("setting"));
        foreach (string name in names)
            table.Add([name, .. settings.Select(values => values.GetValueOrDefault(name))]);
        return table;
    }

    private static HtmlTable.Cell? Number(double? value, string format) => value is { } number && double.IsFinite(number)
        ? new(number.ToString(format, CultureInfo.InvariantCulture), number) : null;
}
