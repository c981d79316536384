using System.Xml.Linq;
using GpuCnn.Engine;
using GpuCnn.Pages;
using NUnit.Framework;

namespace GpuCnn.Tests.Pages;

public sealed class SvgDrawingTests
{
    private static readonly string[] Hostile =
    [
        "<script>alert(1)</script>", "a & b", "\"quotes\" 'and' ]]>", "line\nbreak", "zero\0 and \u001b[31m", "half \ud83d",
        "\ud83d\ude00",
    ];

    private static IEnumerable<TestCaseData> HostileCases => Hostile.Select(TestNames.CaseOf);

    [TestCaseSource(nameof(HostileCases))]
    public void TextsAreEscaped(string text)
    {
        var drawing = new SvgDrawing(text);
        drawing.Label(0, 0, text);
        drawing.Rectangle(0, 0, 10, 10, SvgColor.Blue, tooltip: text);
        drawing.Polygon([(0, 0), (5, 0), (5, 5)], SvgColor.Red, tooltip: text);
        string svg = drawing.ToString();
        Assert.That(svg, Does.Not.Contain("<script").And.Not.Contain("\0").And.Not.Contain("\u001b"));
        XElement root = XElement.Parse(svg);
        Assert.That(root.Descendants().Where(element => element.Name.LocalName is "text" or "title").Select(element => element.Value),
            Has.Exactly(4).Items);
        if (text.All(c => !char.IsControl(c) && !char.IsSurrogate(c)))
            Assert.That(root.Descendants().Where(element => element.Name.LocalName is "text" or "title")
                .Select(element => element.Value), Has.All.EqualTo(text));
    }

    [Test]
    public void ExtentFollowsFromWhatIsDrawn()
    {
        var drawing = new SvgDrawing("extent");
        drawing.Rectangle(-50, 20, 100, 30, SvgColor.Green);
        drawing.Line(0, 0, 200, 10, SvgColor.Ink, arrow: true);
        Assert.That(drawing.Width, Is.EqualTo(250 + 32).Within(4));
        Assert.That(drawing.Height, Is.EqualTo(50 + 32).Within(4));
        double[] box = [.. XElement.Parse($"{drawing}").Attribute("viewBox")!.Value.Split(' ').Select(double.Parse)];
        Assert.That(box[0], Is.EqualTo(-66).Within(0.01));
        Assert.That(box[0] + box[2], Is.GreaterThanOrEqualTo(200));
    }

    [Test]
    public void TurnedLabelsLieWithinTheDrawing()
    {
        var drawing = new SvgDrawing("turned");
        drawing.Label(0, 0, "a long label", degrees: 90);
        Assert.That(drawing.Height, Is.GreaterThan(drawing.Width));
    }

    /// <summary>Each colour has a class in both forms, so nothing is painted in a browser's black.</summary>
    [Test]
    public void EveryColorHasALightAndADarkForm([Values] SvgColor color)
    {
        var drawing = new SvgDrawing("colour");
        drawing.Rectangle(0, 0, 1, 1, color, color);
        string[] halves = $"{drawing}".Split("@media (prefers-color-scheme:dark)");
        Assert.That(halves, Has.Length.EqualTo(2));
        foreach (string name in XElement.Parse($"{drawing}").Elements().Last().Attribute("class")!.Value.Split(' '))
            Assert.That(halves, Has.All.Contain($".{name}{{"));
        Assert.That(new SvgDrawing("empty").ToString(), Does.StartWith("<svg"));
    }

    [Test]
    public void FileIsWrittenWholeOrNotAtAll()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"drawing-{Guid.NewGuid():N}.svg");
        var drawing = new SvgDrawing("file");
        drawing.Label(0, 0, "1 < 2");
        drawing.Save(path);
        Assert.That(File.ReadAllText(path), Is.EqualTo($"{drawing}\n"));
        File.Delete(path);
        Assert.That(() => drawing.Save(Path.Combine(path, "inside.svg")), Throws.InstanceOf<GpuCnnException>());
    }
}
