using System.Text;
using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Axes;

namespace GpuCnn.Pages;

/// <summary>
/// The look of plots, and their way from OxyPlot to a page. Text and lines take the page's text colour; the other colours are readable on
/// white and on black.
/// </summary>
internal static class PlotStyle
{
    public const int Width = 480, Height = 300;

    private const double FontSize = 13;

    /// <summary>Stands for the text colour while OxyPlot draws.</summary>
    private static readonly OxyColor Text = OxyColor.FromRgb(1, 2, 3), Faint = OxyColor.FromArgb(48, 1, 2, 3);

    private static readonly OxyColor[] Colors =
    [
        OxyColor.FromRgb(0x2F, 0x81, 0xF7), OxyColor.FromRgb(0xE5, 0x72, 0x2A), OxyColor.FromRgb(0x2D, 0xA4, 0x4E),
        OxyColor.FromRgb(0xBF, 0x5A, 0xF2), OxyColor.FromRgb(0xC7, 0x95, 0x1B), OxyColor.FromRgb(0xE0, 0x4F, 0x5F),
        OxyColor.FromRgb(0x1F, 0xA5, 0xB5), OxyColor.FromRgb(0x8A, 0x8F, 0x98),
    ];

    /// <summary>Colour of the series with a number; after eight they begin again.</summary>
    public static OxyColor Color(int series) => Colors[series % Colors.Length];

    public static PlotModel Model(string title) => new()
    {
        Title = Printable(title),
        TitleFontSize = FontSize + 1,
        TitleFontWeight = FontWeights.Bold,
        DefaultFont = "Arial",
        DefaultFontSize = FontSize,
        TextColor = Text,
        TitleColor = Text,
        PlotAreaBorderThickness = new(1, 0, 0, 1),
        PlotAreaBorderColor = Faint,
        Background = OxyColors.Transparent,
        Padding = new(4, 4, 12, 4),
    };

    public static T Styled<T>(T axis, string title) where T : Axis
    {
        axis.Title = Printable(title);
        axis.TextColor = axis.TitleColor = Text;
        axis.TicklineColor = axis.AxislineColor = Faint;
        axis.MajorGridlineColor = Faint;
        axis.MajorGridlineThickness = 0.75;
        return axis;
    }

    /// <summary>Text without the characters that XML cannot hold.</summary>
    public static string Printable(string text)
    {
        StringBuilder output = new();
        foreach (Rune rune in text.EnumerateRunes())
            output.Append(rune.Value switch
            {
                '\t' or '\n' or '\r' => " ",
                < 0x20 or (>= 0x7F and < 0xA0) or 0xFFFE or 0xFFFF => "\uFFFD",
                _ => rune.ToString(),
            });
        return output.ToString();
    }

    /// <summary>Draws a model as an element for a page.</summary>
    public static XElement Draw(PlotModel model, int width = Width, int height = Height)
    {
        var exporter = new SvgExporter { Width = width, Height = height, IsDocument = false, TextMeasurer = new WideText(width, height) };
        string text = exporter.ExportToString(model);
        var svg = XElement.Parse(text);
        // Letters are the page's.
        foreach (XAttribute font in svg.Descendants().Attributes("font-family").ToList()) font.Remove();
        foreach (XAttribute attribute in svg.DescendantsAndSelf().Attributes())
            if (attribute.Name.LocalName is "style" or "fill" or "stroke")
                attribute.Value = attribute.Value.Replace("rgb(1,2,3)", "currentColor");
        svg.SetAttributeValue("viewBox", $"0 0 {width} {height}");
        svg.SetAttributeValue("role", "img");
        svg.SetAttributeValue("aria-label", model.Title);
        return svg;
    }

    /// <summary>Measures text as Arial, and adds what wider letters take: a page's depend on its reader's system.</summary>
    private sealed class WideText(double width, double height) : PdfRenderContext(width, height, OxyColors.Transparent)
    {
        private const double Wider = 1.45;

        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            OxySize size = base.MeasureText(text, fontFamily, fontSize, fontWeight);
            return new(size.Width * Wider, size.Height);
        }
    }
}
