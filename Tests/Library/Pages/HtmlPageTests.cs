using System.Text.RegularExpressions;
using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Pages;
using NUnit.Framework;

namespace GpuCnn.Tests.Library.Pages;

/// <summary>What a page holds means itself, whatever it is.</summary>
public sealed partial class HtmlPageTests
{
    private static readonly string[] HostileTexts =
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "a & b &lt; c", "a,b\n\"c\"\r\nd",
        "\0\u0001\u001b[31m\u009f", "\ud800 alone", "]]>", "<!-- -->", "</title></style></textarea>",
    ];

    private static IEnumerable<TestCaseData> HostileCases => HostileTexts.Select(TestNames.CaseOf);

    [TestCaseSource(nameof(HostileCases))]
    public void TextsAreEscapedWhereverTheyStand(string text)
    {
        HtmlPage page = new(text, text);
        HtmlTable table = new(text, ">n") { IsSortable = true };
        table.Add(text, new HtmlTable.Cell(text, 1, 0.5));
        page.Section(text, Html.Paragraph(text), Html.Code(text), Html.List((text, text)), Html.Details(text, text), table.ToHtml(),
            Html.Tiles((text, text)), Html.Figure(Thumbnail.Of(new PixelImage(4, 4, 3), text), text),
            new LinePlot(text, text, text).Add(text, [(0, 1), (1, 2)], 0).Add(text, [(0, 1)], 1).ToSvg(),
            new MatrixPlot(text, [text], [text], new double[,] { { 0.5 } }, new string[,] { { text } }).ToSvg());
        page.Data("values", new Dictionary<string, string> { [text] = text });
        string html = page.ToString();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Tags(html), Is.EquivalentTo(Tags(Plain())), "the text made an element");
            Assert.That(html, Does.Not.Contain("\0"));
            Assert.That(html, Does.Not.Contain("\u001b"));
            Assert.That(AttributeWithCode().IsMatch(OutsideOfTexts(html)), Is.False);
        }

        string Plain()
        {
            HtmlPage other = new("text", "text");
            HtmlTable same = new("text", ">n") { IsSortable = true };
            same.Add("text", new HtmlTable.Cell("text", 1, 0.5));
            other.Section("text", Html.Paragraph("text"), Html.Code("text"), Html.List(("text", "text")), Html.Details("text", "text"),
                same.ToHtml(), Html.Tiles(("text", "text")), Html.Figure(Thumbnail.Of(new PixelImage(4, 4, 3), "text"), "text"),
                new LinePlot("text", "text", "text").Add("text", [(0, 1), (1, 2)], 0).Add("text", [(0, 1)], 1).ToSvg(),
                new MatrixPlot("text", ["text"], ["text"], new double[,] { { 0.5 } }, new string[,] { { "text" } }).ToSvg());
            other.Data("values", new Dictionary<string, string> { ["text"] = "text" });
            return other.ToString();
        }
    }

    [TestCase("script")]
    [TestCase("iframe")]
    [TestCase("link")]
    [TestCase("object")]
    public void ElementsThatRunOrFetchAreRefused(string name)
    {
        HtmlPage page = new("page");
        page.Add(new("div", new XElement(name)));
        Assert.That(page.ToString, Throws.ArgumentException.With.Message.Contains($"<{name}>"));
    }

    [TestCase("href", "https://example.org")]
    [TestCase("href", "javascript:alert(1)")]
    [TestCase("src", "picture.png")]
    [TestCase("src", "data:text/html,x")]
    [TestCase("onclick", "alert(1)")]
    [TestCase("style", "background:url(https://example.org/a.png)")]
    public void AttributesThatRunOrFetchAreRefused(string name, string value)
    {
        HtmlPage page = new("page");
        page.Add(new("a", new XAttribute(name, value)));
        Assert.That(page.ToString, Throws.ArgumentException.With.Message.Contains(name));
    }

    [Test]
    public void DrawingsOfAPageKeepTheirIdsApart()
    {
        HtmlPage page = new("page");
        for (int i = 0; i < 3; i++) page.Add(Html.Figure(new LinePlot("plot", "step").Add("loss", [(0, 1), (1, 2)], 0).ToSvg()));
        string html = page.ToString();
        string[] ids = [.. Regex.Matches(html, " id=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];
        string[] used = [.. Regex.Matches(html, @"url\(#([^)]+)\)").Select(match => match.Groups[1].Value).Distinct()];
        Assert.That(ids, Is.Unique);
        Assert.That(used, Is.Not.Empty.And.SubsetOf(ids));
    }

    [Test]
    public void CodeThatEndsItsElementIsRefused() =>
        Assert.That(() => new HtmlPage("page").Script("let a = '</script>'"), Throws.ArgumentException);

    [TestCase(28, 28, 1, "image/png")]
    [TestCase(300, 200, 3, "image/jpeg")]
    [TestCase(1000, 10, 3, "image/png")]
    public void ThumbnailsAreReadAgain(int width, int height, int channels, string type)
    {
        PixelImage image = new(width, height, channels);
        image.Pixels.AsSpan().Fill(200);
        string source = Thumbnail.Of(image, "picture").Attribute("src")!.Value;
        Assert.That(source, Does.StartWith($"data:{type};base64,"));
        PixelImage read = ImageFile.Decode(Convert.FromBase64String(source[(source.IndexOf(',') + 1)..]), "thumbnail");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Math.Max(read.Width, read.Height), Is.EqualTo(Math.Min(Thumbnail.Side, Math.Max(width, height))));
            Assert.That(read.Pixels, Has.All.InRange(198, 202));
        }
    }

    [Test]
    public void PlotsLeaveOutWhatIsNotFinite()
    {
        LinePlot plot = new("plot", "step") { IsLogarithmic = true };
        plot.Add("none", [(0, double.NaN)], 0).Add("some", [(0, 1), (1, double.PositiveInfinity), (2, double.NaN), (3, 4)], 1);
        string svg = plot.ToSvg().ToString();
        Assert.That(svg, Does.Contain("<polyline").And.Not.Contain("NaN").And.Not.Contain("Infinity").And.Not.Contain(">none<"));
    }

    private static List<string> Tags(string html) =>
        [.. Regex.Matches(html[html.IndexOf("<body>", StringComparison.Ordinal)..], "<[a-zA-Z/!]+").Select(match => match.Value)];

    /// <summary>Tags with their attributes' values taken out.</summary>
    private static string OutsideOfTexts(string html) => string.Concat(
        Regex.Matches(html[html.IndexOf("<body>", StringComparison.Ordinal)..], "<[^>]*>")
            .Select(match => Regex.Replace(match.Value, "\"[^\"]*\"", "\"\"")));

    [GeneratedRegex(@"\son\w+=")]
    private static partial Regex AttributeWithCode();
}
