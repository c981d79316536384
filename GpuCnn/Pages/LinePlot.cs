using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace GpuCnn.Pages;

/// <summary>Curves over a common axis.</summary>
/// <param name="title">Names the plot.</param>
/// <param name="horizontal">Names the horizontal axis.</param>
/// <param name="vertical">Names the vertical axis; empty where the title says it.</param>
internal sealed class LinePlot(string title, string horizontal, string vertical = "")
{
    private readonly PlotModel _model = PlotStyle.Model(title);
    private double _least = double.PositiveInfinity, _largest = double.NegativeInfinity;

    /// <summary>Whether the vertical axis is logarithmic, where all values are positive and span a factor of ten.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool IsLogarithmicAcross { get; init; }

    /// <summary>Format of the numbers on the vertical axis, such as <c>0 %</c>; null chooses one.</summary>
    public string? Format { get; init; }

    /// <summary>Bounds of the vertical axis; NaN follows from the values.</summary>
    public (double Low, double High) Range { get; init; } = (double.NaN, double.NaN);

    public bool IsEmpty => _model.Series.Count == 0;

    /// <summary>Adds a curve. Values that are not finite are left out; a curve of one value is a dot, of none is nothing.</summary>
    /// <param name="name">Its name in the legend; null leaves it out there.</param>
    /// <param name="color">Number of its colour.</param>
    /// <param name="isDashed">Whether the line is broken.</param>
    /// <param name="hasDots">Whether each value is marked.</param>
    public LinePlot Add(string? name, IEnumerable<(double X, double Y)> points, int color, bool isDashed = false, bool hasDots = false)
    {
        DataPoint[] finite = [.. points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))
            .Select(point => new DataPoint(point.X, point.Y))];
        if (finite.Length == 0) return this;
        _least = Math.Min(_least, finite.Min(point => point.Y));
        _largest = Math.Max(_largest, finite.Max(point => point.Y));
        var series = new LineSeries
        {
            Title = PlotStyle.Printable(name ?? ""),
            RenderInLegend = name is not null,
            Color = PlotStyle.Color(color),
            StrokeThickness = 1.75,
            LineStyle = isDashed ? LineStyle.Dash : LineStyle.Solid,
            MarkerType = finite.Length == 1 || hasDots && finite.Length <= 40 ? MarkerType.Circle : MarkerType.None,
            MarkerSize = 2.5,
            MarkerFill = PlotStyle.Color(color),
        };
        series.Points.AddRange(finite);
        _model.Series.Add(series);
        return this;
    }

    public XElement ToSvg(int width = PlotStyle.Width, int height = PlotStyle.Height)
    {
        Axis across = IsLogarithmicAcross ? new LogarithmicAxis() : new LinearAxis { MaximumPadding = 0.01, MinimumPadding = 0.01 };
        Axis up = IsLogarithmic && _least > 0 && _largest >= 10 * _least ? new LogarithmicAxis()
            : new LinearAxis { MaximumPadding = 0.05, MinimumPadding = 0.05 };
        across.Position = AxisPosition.Bottom;
        up.Position = AxisPosition.Left;
        up.MajorGridlineStyle = LineStyle.Solid;
        (up.Minimum, up.Maximum) = Range;
        if (Format is not null) up.StringFormat = Format;
        _model.Axes.Clear();
        _model.Axes.Add(PlotStyle.Styled(across, horizontal));
        _model.Axes.Add(PlotStyle.Styled(up, vertical));
        _model.Legends.Clear();
        if (_model.Series.Count(series => series.RenderInLegend) > 1)
            _model.Legends.Add(new Legend
            {
                LegendPlacement = LegendPlacement.Outside,
                LegendPosition = LegendPosition.BottomCenter,
                LegendOrientation = LegendOrientation.Horizontal,
                LegendBorderThickness = 0,
            });
        return PlotStyle.Draw(_model, width, height);
    }
}
