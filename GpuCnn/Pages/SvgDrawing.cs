using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using GpuCnn.Engine;
using GpuCnn.Engine.Files;

namespace GpuCnn.Pages;

/// <summary>Where a text stands relative to its point.</summary>
public enum SvgAnchor
{
    Start,
    Middle,
    End,
}

/// <summary>
/// A drawing in SVG. Its size follows from what is drawn. All texts and names are escaped here, and colours fit a light and a dark page.
/// Lengths are pixels; y grows downwards.
/// </summary>
/// <param name="title">Read aloud in place of the drawing, and shown by browsers as the name of a file.</param>
public sealed class SvgDrawing(string title)
{
    private const double Margin = 16, EmptySize = 100;
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly List<XElement> _shapes = [];
    private double _left = double.MaxValue, _top = double.MaxValue, _right = double.MinValue, _bottom = double.MinValue;

    /// <summary>Width in pixels, margins included.</summary>
    public double Width => IsEmpty ? EmptySize : _right - _left + 2 * Margin;

    /// <summary>Height in pixels, margins included.</summary>
    public double Height => IsEmpty ? EmptySize : _bottom - _top + 2 * Margin;

    private bool IsEmpty => _right < _left;

    /// <summary>Estimates the width of a text, which depends on the reader's fonts.</summary>
    public static double WidthOf(string text, double size, bool bold = false) => text.Length * size * (bold ? 0.64 : 0.58);

    /// <summary>Draws a rectangle.</summary>
    /// <param name="tooltip">Shown while the pointer rests on it.</param>
    public void Rectangle(
        double x, double y, double width, double height, SvgColor fill, SvgColor stroke = SvgColor.None, double radius = 0,
        double strokeWidth = 1, string? tooltip = null)
    {
        XElement shape = Shape("rect", fill, stroke, strokeWidth, tooltip);
        shape.Add(new XAttribute("x", Number(x)), new XAttribute("y", Number(y)), new XAttribute("width", Number(width)),
            new XAttribute("height", Number(height)));
        if (radius > 0) shape.Add(new XAttribute("rx", Number(radius)));
        Include(x, y);
        Include(x + width, y + height);
    }

    /// <summary>Draws a closed polygon.</summary>
    /// <param name="shade">From -1, which paints black over the fill, to 1, which paints white; 0 leaves it.</param>
    public void Polygon(
        IReadOnlyList<(double X, double Y)> points, SvgColor fill, SvgColor stroke = SvgColor.None, double strokeWidth = 1,
        double shade = 0, string? tooltip = null)
    {
        Points(points, fill, stroke, strokeWidth, tooltip);
        if (shade == 0) return;
        var over = new XElement(Svg + "polygon", new XAttribute("points", Text(points)),
            new XAttribute("fill", shade < 0 ? "#000" : "#fff"), new XAttribute("fill-opacity", Number(Math.Abs(shade))));
        _shapes.Add(over);
    }

    /// <summary>Draws a straight line.</summary>
    /// <param name="dashes">Lengths of dashes and gaps, such as "4 3"; null for a solid line.</param>
    public void Line(
        double x1, double y1, double x2, double y2, SvgColor stroke, double strokeWidth = 1, string? dashes = null, bool arrow = false) =>
        Path([(x1, y1), (x2, y2)], stroke, strokeWidth, dashes, arrow);

    /// <summary>Draws a line through points.</summary>
    /// <param name="arrow">Whether it ends in an arrow's head.</param>
    public void Path(
        IReadOnlyList<(double X, double Y)> points, SvgColor stroke, double strokeWidth = 1, string? dashes = null, bool arrow = false)
    {
        XElement shape = Shape("polyline", SvgColor.None, stroke, strokeWidth, tooltip: null);
        shape.Add(new XAttribute("points", Text(points)), new XAttribute("stroke-linejoin", "round"));
        if (dashes is not null) shape.Add(new XAttribute("stroke-dasharray", dashes));
        foreach ((double x, double y) in points) Include(x, y);
        if (arrow) Head(points[^2], points[^1], stroke, strokeWidth);
    }

    /// <summary>Draws a smooth line through points, which leaves and reaches each of them vertically.</summary>
    public void Curve(
        IReadOnlyList<(double X, double Y)> points, SvgColor stroke, double strokeWidth = 1, string? dashes = null, bool arrow = false)
    {
        var path = new StringBuilder($"M{Number(points[0].X)},{Number(points[0].Y)}");
        for (int i = 1; i < points.Count; i++)
        {
            ((double x1, double y1), (double x2, double y2)) = (points[i - 1], points[i]);
            string middle = Number((y1 + y2) / 2), end = $"{Number(x2)},{Number(y2)}";
            path.Append(x1 == x2 ? $" L{end}" : $" C{Number(x1)},{middle} {Number(x2)},{middle} {end}");
        }
        XElement shape = Shape("path", SvgColor.None, stroke, strokeWidth, tooltip: null);
        shape.Add(new XAttribute("d", path.ToString()));
        if (dashes is not null) shape.Add(new XAttribute("stroke-dasharray", dashes));
        foreach ((double x, double y) in points) Include(x, y);
        if (arrow) Head((points[^1].X, points[^1].Y - 1), points[^1], stroke, strokeWidth);
    }

    /// <summary>Writes one line of text.</summary>
    /// <param name="y">Its base line.</param>
    /// <param name="degrees">Turns the text clockwise around its point.</param>
    public void Label(
        double x, double y, string text, double size = 12, SvgColor color = SvgColor.Ink, SvgAnchor anchor = SvgAnchor.Start,
        bool bold = false, double degrees = 0)
    {
        var shape = new XElement(Svg + "text", new XAttribute("x", Number(x)), new XAttribute("y", Number(y)),
            new XAttribute("font-size", Number(size)), new XAttribute("class", SvgPalette.Fill(color)), Clean(text));
        if (anchor != SvgAnchor.Start) shape.Add(new XAttribute("text-anchor", anchor == SvgAnchor.Middle ? "middle" : "end"));
        if (bold) shape.Add(new XAttribute("font-weight", "600"));
        if (degrees != 0) shape.Add(new XAttribute("transform", $"rotate({Number(degrees)} {Number(x)} {Number(y)})"));
        _shapes.Add(shape);
        double width = WidthOf(text, size, bold);
        double first = anchor switch { SvgAnchor.Start => 0, SvgAnchor.Middle => -width / 2, _ => -width };
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        foreach ((double dx, double dy) in ((double, double)[])[(first, -size * 0.8), (first + width, -size * 0.8), (first, size * 0.25),
            (first + width, size * 0.25)]) Include(x + dx * cos - dy * sin, y + dx * sin + dy * cos);
    }

    /// <summary>Returns the drawing as an element for a page or as the text of a file.</summary>
    public override string ToString()
    {
        double left = IsEmpty ? 0 : _left - Margin, top = IsEmpty ? 0 : _top - Margin;
        var root = new XElement(Svg + "svg", new XAttribute("class", "gpucnn"), new XAttribute("role", "img"),
            new XAttribute("width", Number(Width)), new XAttribute("height", Number(Height)),
            new XAttribute("viewBox", $"{Number(left)} {Number(top)} {Number(Width)} {Number(Height)}"),
            new XElement(Svg + "title", Clean(title)), new XElement(Svg + "style", SvgPalette.StyleSheet),
            // A page of its own would be white even where the reader's settings are dark.
            new XElement(Svg + "rect", new XAttribute("x", Number(left)), new XAttribute("y", Number(top)),
                new XAttribute("width", Number(Width)), new XAttribute("height", Number(Height)),
                new XAttribute("class", SvgPalette.Fill(SvgColor.Paper))));
        foreach (XElement shape in _shapes) root.Add(new XElement(shape));
        return root.ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>Writes the drawing to a file, whole or not at all.</summary>
    /// <exception cref="GpuCnnException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes($"{this}\n")));

    private void Points(IReadOnlyList<(double X, double Y)> points, SvgColor fill, SvgColor stroke, double strokeWidth, string? tooltip)
    {
        Shape("polygon", fill, stroke, strokeWidth, tooltip).Add(new XAttribute("points", Text(points)),
            new XAttribute("stroke-linejoin", "round"));
        foreach ((double x, double y) in points) Include(x, y);
    }

    private void Head((double X, double Y) from, (double X, double Y) to, SvgColor color, double strokeWidth)
    {
        double length = Math.Sqrt(Math.Pow(to.X - from.X, 2) + Math.Pow(to.Y - from.Y, 2));
        if (length == 0) return;
        double size = 4 + 2 * strokeWidth, dx = (to.X - from.X) / length * size, dy = (to.Y - from.Y) / length * size;
        Points([to, (to.X - dx - dy / 2, to.Y - dy + dx / 2), (to.X - dx + dy / 2, to.Y - dy - dx / 2)], color, SvgColor.None, 1, null);
    }

    private XElement Shape(string name, SvgColor fill, SvgColor stroke, double strokeWidth, string? tooltip)
    {
        var shape = new XElement(Svg + name,
            new XAttribute("class", SvgPalette.Fill(fill) + (stroke == SvgColor.None ? "" : $" {SvgPalette.Stroke(stroke)}")));
        if (stroke != SvgColor.None && strokeWidth != 1) shape.Add(new XAttribute("stroke-width", Number(strokeWidth)));
        if (tooltip is not null) shape.Add(new XElement(Svg + "title", Clean(tooltip)));
        _shapes.Add(shape);
        return shape;
    }

    private void Include(double x, double y)
    {
        (_left, _right) = (Math.Min(_left, x), Math.Max(_right, x));
        (_top, _bottom) = (Math.Min(_top, y), Math.Max(_bottom, y));
    }

    private static string Text(IReadOnlyList<(double X, double Y)> points) =>
        string.Join(' ', points.Select(point => $"{Number(point.X)},{Number(point.Y)}"));

    private static string Number(double value) => Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Replaces what XML has no way to write, such as control characters and halves of a pair.</summary>
    private static string Clean(string text)
    {
        if (text.All(c => XmlConvert.IsXmlChar(c))) return text;
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            clean.Append(rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString());
        return clean.ToString();
    }
}
