using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Cli;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Training;
using GpuCnn.Models;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>The options of augmentation, mixing, judging and reading.</summary>
public sealed class FeedCommandTests
{
    private static readonly string[] Mixed = ["--augment", "crop(0.3-1),flip,trivialaugment,erase(0.5)", "--mixup", "0.4", "--cutmix",
        "1", "--label-smoothing", "0.1", "--val-resize", "20"];

    private readonly TemporaryFolder _folder = new();
    private string _data = "";

    [OneTimeSetUp]
    public void Write() => _data = TinyData.Write(_folder, side: 24);

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void AMixedRunSaysSoAndResumesToTheSameBytes()
    {
        using CacheScope caches = new(_folder["caches"]);
        string[] args = ["train", "--data", _data, "--input", "3x16x16", "--batch", "6", "--epochs", "3", .. Mixed];
        string output = Succeed([.. args, "--out", _folder["whole"], "--workers", "1", "--cache", "none"]).Output;
        Assert.That(output, Does.Contain("mixup 0.4 or cutmix 1, one drawn for each batch").And.Contain("larger share"));
        Assert.That(output, Does.Contain("resize to 20, centre 16x16").And.Contain("mixed top-1"));
        JsonElement config = JsonDocument.Parse(File.ReadAllText(_folder["whole", "config.json"])).RootElement;
        Assert.That(config.GetProperty("settings").GetProperty("mixup").GetSingle(), Is.EqualTo(0.4f));
        Assert.That(config.GetProperty("settings").GetProperty("cutMix").GetSingle(), Is.EqualTo(1f));
        Assert.That(config.GetProperty("augmentation").GetString(), Is.EqualTo("crop(0.3-1),flip,trivialaugment,erase(0.5)"));

        RunUntil(4, [.. args, "--out", _folder["parts"], "--workers", "3", "--cache", "disk"]);
        RunUntil(11, ["train", "--resume", _folder["parts"], "--cache", "ram", "--cache-size", "0.0001"]);
        Succeed("train", "--resume", _folder["parts"], "--workers", "8", "--cache", "disk");
        Assert.That(File.ReadAllBytes(_folder["parts", "final.safetensors"]),
            Is.EqualTo(File.ReadAllBytes(_folder["whole", "final.safetensors"])));
        Fail(Program.WrongUsage, ["train", "--resume", _folder["parts"], "--mixup", "1"], "--mixup cannot be changed");
    }

    [Test]
    public void ARunOfBeforeTheseOptionsGoesOn()
    {
        string[] args = ["train", "--data", _data, "--input", "3x16x16", "--batch", "6", "--epochs", "2", "--augment", "crop2,flip"];
        Succeed([.. args, "--out", _folder["new"]]);
        RunUntil(3, [.. args, "--out", _folder["old"]]);
        JsonObject config = JsonNode.Parse(File.ReadAllText(_folder["old", "config.json"]))!.AsObject();
        foreach (string name in new[] { "resizeTo", "ignoresExif", "feed" }) Assert.That(config.Remove(name), Is.True, name);
        foreach (string name in new[] { "mixup", "cutMix" }) Assert.That(config["settings"]!.AsObject().Remove(name), Is.True, name);
        File.WriteAllText(_folder["old", "config.json"], config.ToJsonString());
        Succeed("train", "--resume", _folder["old"]);
        Assert.That(File.ReadAllBytes(_folder["old", "final.safetensors"]),
            Is.EqualTo(File.ReadAllBytes(_folder["new", "final.safetensors"])));
    }

    [Test]
    public void EvalJudgesAsTheWeightsSayOrAsAsked()
    {
        string run = _folder["judged"], weights = Path.Combine(run, "final.safetensors");
        Succeed("train", "--data", _data, "--input", "3x16x16", "--batch", "6", "--epochs", "2", "--val-resize", "20", "--no-exif",
            "--out", run);
        ModelMetadata metadata = ModelFile.Load(weights).Metadata;
        Assert.That((metadata.ResizeTo, metadata.IgnoresExif), Is.EqualTo((20, true)));
        double Loss(params string[] options) =>
            Succeed(["eval", "--weights", weights, "--data", _data, "--json", .. options]).Json.GetProperty("loss").GetDouble();
        double last = double.Parse(File.ReadAllLines(Path.Combine(run, "metrics.csv"))[^1].Split(',')[5],
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(Loss(), Is.EqualTo(last).Within(1e-6), "as it was validated");
        Assert.That(Loss("--val-resize", "20", "--workers", "3", "--cache", "none"), Is.EqualTo(Loss()));
        Assert.That(Loss("--val-resize", "16"), Is.Not.EqualTo(Loss()).Within(1e-9));
        CommandResult crops = Succeed("eval", "--weights", weights, "--data", _data, "--ten-crop", "--json", "--batch", "7");
        Assert.That(crops.Json.GetProperty("images").GetInt32(), Is.EqualTo(12));
        Assert.That(crops.Json.GetProperty("loss").GetDouble(), Is.EqualTo(MeanOfCrops(weights)).Within(1e-5));
        Fail(Program.WrongUsage, ["eval", "--weights", weights, "--data", _data, "--val-resize", "15"], "at least the 16 pixels", "15");
        Assert.That(Loss("--crop", "24"), Is.Not.EqualTo(Loss()).Within(1e-9), "a network that takes any input");
    }

    [TestCase("--mixup -1", "--mixup", "0 to 100")]
    [TestCase("--cutmix 101", "--cutmix", "0 to 100")]
    [TestCase("--mixup 0.2 --loss hinge", "cross-entropy", "hinge")]
    [TestCase("--label-smoothing 1", "--label-smoothing", "below 1")]
    [TestCase("--cache tape", "ram, disk or none", "'tape'")]
    [TestCase("--cache none --cache-size 2", "--cache-size", "none")]
    [TestCase("--cache-size 0", "above 0", "'0'")]
    [TestCase("--workers 0", "--workers", "1 to 256")]
    [TestCase("--crop 16 --input 3x16x16", "--crop", "--input")]
    [TestCase("--input 3x16x16 --val-resize 8", "at least the 16 pixels", "8")]
    [TestCase("--input 3x16x16 --val-resize 20 --fit pad", "--val-resize", "padded")]
    [TestCase("--augment crop(2-3)", "crop(A-B)", "crop(2-3)")]
    [TestCase("--augment crop(0.1-1),scale(20)", "one way to crop", "scale(20)")]
    [TestCase("--augment jitter(", "jitter", "'jitter('")]
    [TestCase("--augment sepia", "imagenet, strong", "'sepia'")]
    public void WhatCannotBeIsOneLine(string options, params string[] parts) =>
        Fail(Program.WrongUsage, ["train", "--data", _data, "--epochs", "1", "--out", _folder["never"], .. options.Split(' ')], parts);

    [TestCase("none", "none")]
    [TestCase("flip", "flip")]
    [TestCase("crop-flip", "crop2,flip")]
    [TestCase("imagenet", "crop(0.08-1),flip")]
    [TestCase("strong", "crop(0.08-1),flip,trivialaugment,erase(0.1)")]
    public void PresetsAreRecordedAsLists(string preset, string list)
    {
        string run = _folder["preset-" + preset];
        Succeed("train", "--data", _data, "--input", "3x16x16", "--batch", "6", "--steps", "1", "--augment", preset, "--out", run);
        Assert.That(JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "config.json"))).RootElement.GetProperty("augmentation")
            .GetString(), Is.EqualTo(list));
    }

    [Test]
    public void PreviewIsASheetOfWhatTheNetworkSees()
    {
        string sheet = _folder["sheet.png"];
        Succeed("data", "preview", _data, sheet, "--input", "3x16x16", "--rows", "3", "--columns", "5", "--augment", "none");
        PixelImage plain = ImageFile.Read(sheet);
        Assert.That((plain.Width, plain.Height), Is.EqualTo((5 * 18 - 2, 3 * 18 - 2)));
        byte[] judged = plain.Window(0, 0, 16, plain.Height).Pixels;
        for (int column = 1; column < 5; column++)
            Assert.That(plain.Window(column * 18, 0, 16, plain.Height).Pixels, Is.EqualTo(judged), "nothing is drawn");
        PixelImage first = ImageFile.Read(Path.Combine(_data, "train", "dark", "00.png"));
        Assert.That(plain.Window(0, 0, 16, 16).Pixels, Is.EqualTo(first.FitTo(16, 16, ImageFit.Resize).Pixels));
        Succeed("data", "preview", _data, sheet, "--input", "3x16x16", "--rows", "3", "--columns", "5", "--augment", "strong", "--mixup",
            "1");
        PixelImage strong = ImageFile.Read(sheet);
        Assert.That(strong.Window(0, 0, 16, strong.Height).Pixels, Is.EqualTo(judged), "as it is judged");
        Assert.That(Enumerable.Range(0, 5).Select(column => Convert.ToHexString(strong.Window(column * 18, 0, 16, 52).Pixels)), Is.Unique);
        Fail(Program.Failed, ["data", "preview", _data, _folder["sheet.xyz"]], "'.xyz'", ".png");
    }

    [Test]
    public void BenchStatesPicturesPerSecond()
    {
        CommandResult result = Succeed("data", "bench", _data, "--input", "1x16x16", "--images", "36", "--batch", "6", "--workers", "2",
            "--json");
        JsonElement stages = result.Json.GetProperty("stages");
        HasProperties(stages, "read", "decode", "resize", "augment");
        Assert.That((result.Json.GetProperty("images").GetInt32(), result.Json.GetProperty("workers").GetInt32()), Is.EqualTo((36, 2)));
        foreach (string rate in new[] { "imagesPerSecond", "imagesPerCpuSecond" })
            Assert.That(result.Json.GetProperty(rate).GetDouble(), Is.GreaterThan(0));
        foreach (string stage in new[] { "read", "decode", "resize" })
            Assert.That(stages.GetProperty(stage).GetDouble(), Is.GreaterThan(0), stage);
        Assert.That(Succeed("data", "bench", _data, "--input", "1x16x16", "--images", "12", "--batch", "6", "--augment", "none").Output,
            Does.Contain("per CPU-second"));
    }

    /// <summary>The loss of probabilities averaged over the ten crops, each cut from the scaled picture by hand.</summary>
    private double MeanOfCrops(string weights)
    {
        LocatedDataset located = DatasetLocator.Open(_data);
        ModelFile file = ModelFile.Load(weights);
        using var device = new Engine.Devices.Cpu.CpuDevice();
        Engine.Graphs.Network network = Architecture.Find(file.Metadata.Model).Build(file.Metadata.Input, 3);
        using Engine.Plans.ParameterStore parameters = device.CreateParameters(network, training: false);
        WeightsFile.LoadInto(parameters, file, weights);
        using var plan = new Engine.Plans.Plan(parameters, new() { Images = 1, Loss = new SoftmaxCrossEntropy() });
        var batch = new Batch(file.Metadata.Input, 1) { Count = 1 };
        var preprocessor = new ImagePreprocessor(file.Metadata with { ResizeTo = 0 });
        var logits = new float[3];
        double loss = 0;
        for (int i = 0; i < located.Evaluation.Count; i++)
        {
            var mean = new double[3];
            PixelImage scaled = located.Evaluation.Read(i).Resize(20, 20);
            foreach (bool mirrored in new[] { false, true })
            {
                PixelImage picture = mirrored ? Mirror(scaled) : scaled;
                foreach ((int x, int y) in new[] { (0, 0), (4, 0), (0, 4), (4, 4), (2, 2) })
                {
                    preprocessor.Write(picture.Window(x, y, 16, 16), batch.Image(0));
                    plan.Evaluate(batch);
                    plan.ReadOutput(logits);
                    double[] probabilities = Evaluation.Softmax(logits);
                    for (int k = 0; k < 3; k++) mean[k] += probabilities[k] / 10;
                }
            }
            loss -= Math.Log(mean[located.Evaluation.Labels[i]]) / located.Evaluation.Count;
        }
        return loss;
    }

    private static PixelImage Mirror(PixelImage image)
    {
        PixelImage mirrored = new(image.Width, image.Height, image.Channels);
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                image.Row(y).Slice(x * image.Channels, image.Channels).CopyTo(mirrored.Row(y)[((image.Width - 1 - x) * image.Channels)..]);
        return mirrored;
    }

    private static void RunUntil(long step, string[] args)
    {
        using var stop = new CancellationTokenSource();
        CommandResult result = Run(host => host with { Observer = new StopAt(step, stop), Cancellation = stop.Token }, args);
        Assert.That(Line(result), Does.Contain($"Stopped after step {step} "));
    }

    private sealed class StopAt(long step, CancellationTokenSource stop) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            if (report.Step >= step) stop.Cancel();
        }

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }

    /// <summary>Keeps what the command keeps in a folder of its own.</summary>
    private sealed class CacheScope : IDisposable
    {
        private const string Variable = "GPUCNN_CACHE";

        private readonly string? _before = Environment.GetEnvironmentVariable(Variable);

        public CacheScope(string folder) => Environment.SetEnvironmentVariable(Variable, folder);

        public void Dispose() => Environment.SetEnvironmentVariable(Variable, _before);
    }
}
