using System.Text.Json;
using System.Xml.Linq;
using GpuCnn.Cli;
using GpuCnn.Engine.Training;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>lr-find</c> shows the curve of a range test, and changes no file.</summary>
public sealed class LrFindTests
{
    private TemporaryFolder _folder = null!;
    private string _data = null!;

    [SetUp]
    public void Write()
    {
        _folder = new();
        _data = TinyData.Write(_folder);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void ItSuggestsARateAndDrawsTheCurve()
    {
        string output = Succeed(Test("--steps", "60")).Output;
        Assert.That(output, Does.Contain("smallcnn on cpu, steps of 6 images"));
        Assert.That(output, Does.Match(@"(?m)^Steepest  [0-9.E-]+: the loss falls fastest here$"));
        Assert.That(output, Does.Match(@"(?m)^Lowest    [0-9.E-]+, smoothed loss [0-9.]+; a tenth of it is [0-9.E-]+$"));
        Assert.That(output, Does.Match(@"(?m)^  gpucnn train --model smallcnn --data .* --batch 6 --lr [0-9.E-]+$"));
        Assert.That(output.Any(c => c is > '\u2800' and <= '\u28FF'), "a curve of braille patterns");
    }

    [Test]
    public void APlainTerminalGetsStars()
    {
        CommandResult result = Run(host => host with { IsPlain = true, Width = 60 }, Test("--steps", "20"));
        Assert.That(result.Code, Is.EqualTo(Program.Done), result.Error);
        Assert.That(result.Output.All(char.IsAscii));
        Assert.That(result.Output, Does.Contain("**"));
        foreach (string line in result.Output.Split('\n').Where(line => !line.StartsWith("  gpucnn", StringComparison.Ordinal)))
            Assert.That(line, Has.Length.LessThanOrEqualTo(60));
    }

    [Test]
    public void JsonHasEveryStep()
    {
        JsonElement json = Succeed(Test("--steps", "12", "--from", "0.001", "--to", "0.1", "--json")).Json;
        // Both are left out where the loss never falls.
        Assert.That(json.EnumerateObject().Select(property => property.Name).Except(["suggestion", "tenthOfLowest"]),
            Is.EqualTo(new[] { "model", "device", "batch", "optimizer", "exploded", "points" }));
        JsonElement[] points = [.. json.GetProperty("points").EnumerateArray()];
        HasProperties(points[0], "step", "learningRate", "loss", "smoothed");
        Assert.That(points[0].GetProperty("learningRate").GetSingle(), Is.EqualTo(0.001f).Within(1e-8));
        if (!json.GetProperty("exploded").GetBoolean())
            Assert.That(points[^1].GetProperty("learningRate").GetSingle(), Is.EqualTo(0.1f).Within(1e-6));
        Assert.That(json.GetProperty("batch").GetInt32(), Is.EqualTo(6));
    }

    [Test]
    public void ThePlotIsADrawingOrAPage()
    {
        string svg = _folder["plot.svg"], html = _folder["plot.html"];
        Assert.That(Succeed(Test("--steps", "15", "--plot", svg)).Output, Does.Contain($"Plot      {svg}"));
        Succeed(Test("--steps", "15", "--plot", html));
        Assert.That(XDocument.Load(svg).Root!.Name.LocalName, Is.EqualTo("svg"));
        Assert.That(File.ReadAllText(svg), Does.Contain("smoothed"));
        Assert.That(File.ReadAllText(html), Does.StartWith("<!DOCTYPE html>").IgnoreCase.And.Contain("<svg").And.Contain("range test"));
    }

    /// <summary>A weights file that it starts from, and the folder that it runs in.</summary>
    [Test]
    public void NoFileChanges()
    {
        string run = _folder["run"];
        Succeed("train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "6", "--steps", "2", "--device", "cpu",
            "--out", run);
        Dictionary<string, byte[]> before = Files();
        string output = Succeed(Test("--steps", "60", "--from", "1e-5", "--weights", run)).Output;
        Assert.That(output, Does.Contain("--weights "), "the rate belongs to these weights");
        Dictionary<string, byte[]> after = Files();
        Assert.That(after.Keys, Is.EquivalentTo(before.Keys));
        foreach ((string path, byte[] content) in before) Assert.That(after[path], Is.EqualTo(content), path);

        Dictionary<string, byte[]> Files() => Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories)
            .ToDictionary(path => path, File.ReadAllBytes);
    }

    /// <summary>The model of the library is what it was, and fits as one that was never tested.</summary>
    [Test]
    public void AModelIsWhatItWas([Values("cpu", "debug")] string kind)
    {
        byte[] tested = Fit(model => Assert.That(model.FindLearningRate(ImageData.Open(_data), Options(), new() { Steps = 10 }).Points,
            Is.Not.Empty));
        Assert.That(tested, Is.EqualTo(Fit(_ => { })));

        byte[] Fit(Action<Model> before)
        {
            using Engine.Devices.Device device = Engine.Devices.Device.Open(kind);
            using var model = Model.Create("linear", TinyData.Classes, device, Engine.Tensors.Shape.Volume(3, 8, 8));
            ImagePreparation preparation = model.Preparation;
            before(model);
            Assert.That(model.Preparation, Is.EqualTo(preparation));
            model.Fit(ImageData.Open(_data), Options());
            model.Save(_folder["weights.safetensors"]);
            return File.ReadAllBytes(_folder["weights.safetensors"]);
        }

        static FitOptions Options() => new(new TrainingSettings { Batch = 6, Epochs = 1, LearningRate = 0.01f });
    }

    [TestCase("0.1", "0.1")]
    [TestCase("1", "0.01")]
    [TestCase("10", "1e-6")]
    public void ARateThatDoesNotRiseIsRefused(string from, string to) =>
        Fail(Program.WrongUsage, Test("--from", from, "--to", to), "--from", "--to");

    [TestCase("--from", "0")]
    [TestCase("--from", "-1")]
    [TestCase("--to", "fast")]
    [TestCase("--to", "nan")]
    [TestCase("--steps", "9")]
    [TestCase("--steps", "many")]
    [TestCase("--plot", "curve.png")]
    [TestCase("--plot", "curve")]
    [TestCase("--epochs", "3")]
    [TestCase("--lr", "0.1")]
    public void WrongOptionsAreNamed(string option, string value) =>
        Assert.That(Fail(Program.WrongUsage, Test(option, value), option), Does.Contain("lr-find"));

    [TestCase("smalcnn", "smallcnn")]
    [TestCase("lenet", "lenet5")]
    public void AnUnknownModelNamesNearOnes(string name, string near) =>
        Fail(Program.WrongUsage, ["lr-find", "--model", name, "--data", _data], name, near);

    [Test]
    public void ABatchThatIsTooLargeIsRefused() => Fail(Program.Failed,
        ["lr-find", "--model", "linear", "--data", _data, "--device", "cpu", "--batch", "100"], "100", "36", "--batch 36");

    [Test]
    public void APlotThatCannotBeWrittenIsRefusedBeforeTheTest() =>
        Fail(Program.WrongUsage, Test("--plot", _folder["missing", "plot.svg"]), _folder["missing"]);

    private string[] Test(params string[] options) =>
        ["lr-find", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "6", "--device", "cpu", .. options];
}
