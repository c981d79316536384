using System.Globalization;
using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Training;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>The parts of a report that show what a network says of images.</summary>
/// <param name="split">The images, for pictures of mistakes; null shows none.</param>
internal sealed class JudgementSections(Judgement judgement, ImageSplit? split)
{
    /// <summary>Bounds of what a page shows, so that a thousand classes fit in it.</summary>
    private const int MostInMatrix = 40, MostClasses = 1000, MostPairs = 50, PicturedPairs = 8, PicturesOfPair = 3, MostMistakes = 24;

    /// <summary>More classes than this leave no room for numbers in the squares.</summary>
    private const int MostWithNumbers = 16;

    public void AddTo(HtmlPage page)
    {
        if (judgement.Matrix.Images == 0) return;
        page.Section("Confusion matrix", Html.Grid(Matrix(), PairTable()));
        page.Section("Classes", Averages(), ClassTable());
        XElement[] mistakes = [.. judgement.Mistakes.Take(MostMistakes).Select(Picture).OfType<XElement>()];
        if (mistakes.Length > 0) page.Section("Most confident mistakes", Html.Pictures(mistakes));
    }

    /// <summary>The drawing of the matrix: shares of each label, and counts where there is room.</summary>
    public XElement Drawing()
    {
        int[] shown = Shown();
        string[] names = [.. shown.Select(index => judgement.Classes[index])];
        var shares = new double[shown.Length, shown.Length];
        var texts = new string[shown.Length, shown.Length];
        for (int row = 0; row < shown.Length; row++)
        {
            for (int column = 0; column < shown.Length; column++)
            {
                shares[row, column] = judgement.Matrix.ShareOf(shown[row], shown[column]);
                long count = judgement.Matrix[shown[row], shown[column]];
                texts[row, column] = count == 0 ? "" : count.ToString(CultureInfo.InvariantCulture);
            }
        }
        return new MatrixPlot("Confusion matrix", names, names, shares, shown.Length > MostWithNumbers ? null : texts)
        {
            RowTitle = "label",
            ColumnTitle = "prediction",
        }.ToSvg();
    }

    /// <summary>Classes of the matrix: all, or those with the most mistakes.</summary>
    private int[] Shown()
    {
        int classes = judgement.Classes.Count;
        if (classes <= MostInMatrix) return [.. Enumerable.Range(0, classes)];
        var wrong = new long[classes];
        foreach ((int label, int prediction, long count) in judgement.Confusions())
        {
            wrong[label] += count;
            wrong[prediction] += count;
        }
        return [.. Enumerable.Range(0, classes).OrderByDescending(index => wrong[index]).Take(MostInMatrix).Order()];
    }

    private XElement Matrix() => Html.Figure(Drawing(), judgement.Classes.Count > MostInMatrix
        ? $"The {MostInMatrix} of {judgement.Classes.Count:N0} classes with the most mistakes. "
        : "", $"{judgement.Matrix.Images:N0} images. Colours are shares of each label's images.");

    private XElement PairTable()
    {
        (int Label, int Prediction, long Count)[] pairs = [.. judgement.Confusions().Take(MostPairs + 1)];
        if (pairs.Length == 0) return Html.Paragraph("No image is confused.");
        var pictures = judgement.Mistakes.GroupBy(image => (image.Label, image.Prediction))
            .ToDictionary(group => group.Key, group => group.Take(PicturesOfPair).ToArray());
        HtmlTable table = new("label", "prediction", ">images", ">share of label", "pictures") { IsSortable = true };
        for (int i = 0; i < Math.Min(pairs.Length, MostPairs); i++)
        {
            (int label, int prediction, long count) = pairs[i];
            double share = judgement.Matrix.ShareOf(label, prediction);
            table.Add(judgement.Classes[label], judgement.Classes[prediction], new HtmlTable.Cell($"{count:N0}", count),
                new HtmlTable.Cell(Percent(share), share, share),
                i < PicturedPairs ? pictures[(label, prediction)].Select(image => Thumbnail(image)).OfType<XElement>().ToArray() : null);
        }
        return new("div", new XElement("h3", "Most confused pairs"), table.ToHtml(),
            pairs.Length > MostPairs ? Html.Note($"The {MostPairs} most frequent pairs.") : null);
    }

    private XElement Averages()
    {
        ClassQuality macro = judgement.Matrix.MacroAverage(), weighted = judgement.Matrix.WeightedAverage();
        HtmlTable table = new("average", ">precision", ">recall", ">F1");
        table.Add("of the classes", Percent(macro.Precision), Percent(macro.Recall), Percent(macro.F1));
        table.Add("weighted by images", Percent(weighted.Precision), Percent(weighted.Recall), Percent(weighted.F1));
        return table.ToHtml();
    }

    private XElement ClassTable()
    {
        HtmlTable table = new("class", ">precision", ">recall", ">F1", ">images", ">predicted") { IsSortable = true };
        foreach ((int index, ClassQuality quality) in judgement.WorstFirst().Take(MostClasses))
            table.Add(judgement.Classes[index], Shaded(quality.Precision), Shaded(quality.Recall), Shaded(quality.F1),
                new HtmlTable.Cell($"{quality.Support:N0}", quality.Support),
                new HtmlTable.Cell($"{quality.Predicted:N0}", quality.Predicted));
        return new("div", table.ToHtml(), judgement.Classes.Count > MostClasses
            ? Html.Note($"The {MostClasses:N0} of {judgement.Classes.Count:N0} classes with the lowest F1.") : null);
    }

    private XElement? Picture(JudgedImage image) => Thumbnail(image) is { } picture
        ? Html.Figure(picture, $"{judgement.Classes[image.Prediction]} {Percent(image.Probability)}", new XElement("br"),
            $"is {judgement.Classes[image.Label]}") : null;

    private XElement? Thumbnail(JudgedImage image)
    {
        if (split is null) return null;
        try
        {
            return Pages.Thumbnail.Of(split.Read(image.Image), split.Name(image.Image));
        }
        catch (GpuCnnException)
        {
            // An image that has gone since then has no picture.
            return null;
        }
    }

    private static HtmlTable.Cell Shaded(double share) => new(Percent(share), share, share);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0}\u00a0%");
}
