using GpuCnn.Data;
using GpuCnn.Reports;
using GpuCnn.Tests.Cli;
using NUnit.Framework;

namespace GpuCnn.Tests.Library.Reports;

/// <summary>Reports as a browser sees them: no error, no request, all plots there.</summary>
public sealed class BrowserTests
{
    private const int MostBytes = 2_000_000;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void ReportOfLeNetOnMnist()
    {
        string data = TestData.Require("mnist"), run = _folder["run"];
        CommandLine.Succeed("train", "--model", "lenet5", "--data", data, "--steps", "60", "--device", "cpu", "--out", run);
        CommandLine.Succeed("report", run);
        Check(run);
    }

    [Test]
    public void ReportOfResNetOnPhotographs()
    {
        string data = TestData.Require("tiny-imagenet-10"), run = _folder["run"];
        CommandLine.Succeed("train", "--model", "resnet18", "--input", "3x32x32", "--data", data, "--steps", "4", "--batch", "8",
            "--device", "cpu", "--out", run);
        CommandLine.Succeed("report", run);
        Check(run);
    }

    /// <summary>Names that would be elements, attributes, rows and lines of their own if nothing escaped them.</summary>
    [Test]
    public void HostileNamesStayNames()
    {
        string data = _folder["data"], run = _folder["run"], file = _folder["evaluation.html"];
        string[] classes = ["<img src=x onerror=alert(1)>", "a,\"b\"'c'", "two\nlines &lt;b&gt;"];
        Random random = new(1);
        foreach (string split in (string[])["train", "val"])
        {
            foreach (string name in classes)
            {
                Directory.CreateDirectory(Path.Combine(data, split, name));
                for (int i = 0; i < 6; i++)
                {
                    PixelImage image = new(12, 12, 3);
                    random.NextBytes(image.Pixels);
                    ImageFile.Write(Path.Combine(data, split, name, $"{i}\"><script>alert(2)<!-- ,\n.png"), image);
                }
            }
        }
        CommandLine.Succeed("train", "--model", "linear", "--input", "3x12x12", "--data", data, "--epochs", "2", "--batch", "6", "--device",
            "cpu", "--out", run);
        CommandLine.Succeed("report", run);
        Check(run);
        CommandLine.Succeed("eval", "--weights", run, "--data", data, "--report", file, "--predictions", _folder["p.csv"]);
        Browser.OpenedPage page = Browser.Open(File.ReadAllText(file));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page.Console, Is.Empty);
            Assert.That(page.Requests, Is.Empty);
            Assert.That(page.Dom, Does.Not.Contain("<img src=\"x\"").And.Not.Contain("alert(2)<!--"));
            Assert.That(page.Dom, Does.Contain("<td>&lt;img src=x onerror=alert(1)&gt;</td>"));
            Assert.That(CsvText.Rows(File.ReadAllText(_folder["p.csv"])).Skip(1).Select(row => row[1]).Distinct(),
                Is.EquivalentTo(classes));
        }
    }

    /// <summary>The checks see a page that asks for something, and one with an error.</summary>
    [Test]
    public void PagesThatAskOrFailAreSeen()
    {
        Browser.OpenedPage asking = Browser.Open("<html><body><img src=\"http://127.0.0.1:9/picture.png\"></body></html>"),
            failing = Browser.Open("<html><body><script>nowhere.call()</script></body></html>");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(asking.Requests, Has.Count.EqualTo(1));
            Assert.That(failing.Console, Has.Count.EqualTo(1));
        }
    }

    private static void Check(string run)
    {
        string html = File.ReadAllText(Path.Combine(run, RunReport.FileName));
        foreach (int width in (int[])[400, 1400])
        {
            Browser.OpenedPage page = Browser.Open(html, width);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(html, Has.Length.LessThan(MostBytes));
                Assert.That(page.Console, Is.Empty);
                Assert.That(page.Requests, Is.Empty);
                foreach (string plot in (string[])["Loss", "Top-1", "Top-5", "Learning rate", "Training images a second",
                    "Share of the time that waits for images", "Confusion matrix"])
                    Assert.That(page.Dom, Does.Match($"<svg[^>]*aria-label=\"{plot}\""));
                foreach (string section in (string[])["Curves", "Confusion matrix", "Classes", "First-layer filters", "Training images",
                    "Time of each layer", "Settings"])
                    Assert.That(page.Dom, Does.Contain($"<h2>{section}</h2>"));
            }
        }
    }
}
