using System.Globalization;
using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace GpuCnn.Pages;

/// <summary>A matrix as a table of shaded squares, with names along two sides.</summary>
/// <param name="title">Names the plot.</param>
/// <param name="rows">Names of the rows, from the top.</param>
/// <param name="columns">Names of the columns, from the left.</param>
/// <param name="shares">Shades: [row, column], from 0 to 1.</param>
/// <param name="texts">What stands in the squares: [row, column]; null for nothing.</param>
internal sealed class MatrixPlot(
    string title, IReadOnlyList<string> rows, IReadOnlyList<string> columns, double[,] shares, string[,]? texts = null)
{
    /// <summary>Longer names are cut.</summary>
    private const int LongestName = 18;

    public string RowTitle { get; init; } = "";

    public string ColumnTitle { get; init; } = "";

    public XElement ToSvg(int width = 560, int height = 560)
    {
        PlotModel model = PlotStyle.Model(title);
        double size = Math.Clamp(420.0 / Math.Max(rows.Count, columns.Count) * 0.45, 6, 12);
        model.Axes.Add(Names(columns, AxisPosition.Bottom, ColumnTitle, size, angle: columns.Count > 6 ? -60 : 0));
        model.Axes.Add(Names(rows, AxisPosition.Left, RowTitle, size, angle: 0));
        var squares = new RectangleBarSeries { StrokeThickness = 0 };
        for (int row = 0; row < rows.Count; row++)
        {
            for (int column = 0; column < columns.Count; column++)
            {
                double share = double.IsNaN(shares[row, column]) ? 0 : Math.Clamp(shares[row, column], 0, 1);
                if (share > 0)
                    squares.Items.Add(new RectangleBarItem(column - 0.5, row - 0.5, column + 0.5, row + 0.5)
                    {
                        Color = OxyColor.FromAColor((byte)(10 + 205 * share), PlotStyle.Color(0)),
                    });
                if (texts is not null && texts[row, column] is { Length: > 0 } text)
                    model.Annotations.Add(new TextAnnotation
                    {
                        Text = PlotStyle.Printable(text),
                        TextPosition = new(column, row),
                        TextVerticalAlignment = VerticalAlignment.Middle,
                        FontSize = size,
                        StrokeThickness = 0,
                        TextColor = model.TextColor,
                    });
            }
        }
        model.Series.Add(squares);
        return PlotStyle.Draw(model, width, height);
    }

    private static LinearAxis Names(IReadOnlyList<string> names, AxisPosition position, string title, double size, double angle)
    {
        string[] shown = [.. names.Select(name => PlotStyle.Printable(Cut(name)))];
        LinearAxis axis = PlotStyle.Styled(new LinearAxis
        {
            Position = position,
            Minimum = -0.5,
            Maximum = names.Count - 0.5,
            MajorStep = 1,
            MinorTickSize = 0,
            MajorTickSize = 0,
            FontSize = size,
            Angle = angle,
            LabelFormatter = value => (int)Math.Round(value) is var place && place >= 0 && place < shown.Length ? shown[place] : "",
        }, title);
        if (position == AxisPosition.Left) (axis.StartPosition, axis.EndPosition) = (1, 0);
        return axis;
    }

    private static string Cut(string name)
    {
        var text = new StringInfo(name);
        return text.LengthInTextElements <= LongestName ? name : text.SubstringByTextElements(0, LongestName - 1) + "…";
    }
}
