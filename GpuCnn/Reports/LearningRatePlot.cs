using System.Globalization;
using System.Xml.Linq;
using GpuCnn.Engine.Training;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>The curve of a learning rate range test as a drawing or a page.</summary>
internal static class LearningRatePlot
{
    private const int Width = 720, Height = 420;

    /// <summary>Writes an SVG file, or a page where the name ends in <c>.html</c>.</summary>
    /// <exception cref="Engine.GpuCnnException">It cannot be written.</exception>
    public static void Save(string path, LearningRateRange range, string title)
    {
        if (!IsPage(path))
        {
            SvgFile.Save(path, Draw(range, title));
            return;
        }
        var page = new HtmlPage("Learning rate range test", title);
        page.Add(Html.Figure(Draw(range, "Loss"), Describe(range)));
        page.Save(path);
    }

    public static bool IsPage(string path) => Path.GetExtension(path).ToLowerInvariant() is ".html" or ".htm";

    private static XElement Draw(LearningRateRange range, string title)
    {
        var plot = new LinePlot(title, "learning rate", "training loss") { IsLogarithmicAcross = true };
        plot.Add("of each step", range.Points.Select(point => ((double)point.LearningRate, point.Loss)), color: 7);
        plot.Add("smoothed", range.Points.Select(point => ((double)point.LearningRate, point.Smoothed)), color: 0);
        if (range.Steepest is { } steepest)
            plot.Add($"steepest fall, {Rate(steepest.LearningRate)}", [(steepest.LearningRate, steepest.Smoothed)], color: 1);
        if (range is { TenthOfLowest: { } tenth, Lowest: { } lowest })
            plot.Add($"lowest, {Rate(lowest.LearningRate)}; a tenth is {Rate(tenth)}", [(lowest.LearningRate, lowest.Smoothed)], color: 2);
        return plot.ToSvg(Width, Height);
    }

    private static string Describe(LearningRateRange range) => range.Suggestion is { } rate
        ? $"The loss falls fastest at a rate of {Rate(rate)}; a tenth of the rate with the lowest loss is "
            + $"{Rate(range.TenthOfLowest!.Value)}."
        : "The loss never fell.";

    private static string Rate(float rate) => rate.ToString("G2", CultureInfo.InvariantCulture);
}
