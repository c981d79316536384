using System.Globalization;
using GpuCnn.Data;
using GpuCnn.Engine.Training;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>The report of an evaluation: what a model, or several averaged, says of one data set.</summary>
internal static class EvaluationPage
{
    /// <param name="facts">Names and values about the models and the data.</param>
    /// <param name="split">The images that were judged.</param>
    public static HtmlPage Of(
        string title, EvaluationResult result, Judgement judgement, ImageSplit split, IReadOnlyList<(string Name, string Value)> facts)
    {
        HtmlPage page = new(title);
        page.Add(Html.Tiles([(Percent(result.Top1), "top-1"),
            .. judgement.Classes.Count > 5 ? [(Percent(result.Top5), "top-5")] : Array.Empty<(string, string)>(),
            (result.Loss.ToString("0.0000", CultureInfo.InvariantCulture), "loss"),
            (result.Images.ToString("N0", CultureInfo.InvariantCulture), result.Images == 1 ? "image" : "images")]));
        page.Section("What was measured", Html.List(facts));
        new JudgementSections(judgement, split).AddTo(page);
        return page;
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %");
}
