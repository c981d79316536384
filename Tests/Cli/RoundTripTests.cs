using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Data;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>From pictures to weights to answers.</summary>
public sealed class RoundTripTests
{
    [Test]
    public void TrainedWeightsEvaluateAndPredictAlone()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder), run = folder["run"], weights = folder["run", "final.safetensors"];
        string text = Succeed("train", "--model", "smallcnn", "--data", data, "--input", "3x16x16", "--batch", "6", "--lr", "0.005",
            "--epochs", "8", "--out", run).Output;
        Assert.That(text, Does.Contain("36 training and 12 validation images").And.Contain("on the device").And.Contain("cpu")
            .And.Contain("Try next"));
        Assert.That(text, Does.Not.Contain("\e"));

        JsonElement scores = Succeed("eval", "--weights", weights, "--data", data, "--json").Json;
        HasProperties(scores, "top1", "top1Interval", "loss", "images", "seconds", "measured", "available", "weights", "macro", "weighted",
            "classes", "computePrecision");
        HasProperties(scores.GetProperty("classes")[0], "name", "precision", "recall", "f1", "images", "predicted");
        Assert.That(scores.GetProperty("top1").GetDouble(), Is.EqualTo(1));
        Assert.That(scores.GetProperty("images").GetInt32(), Is.EqualTo(12));
        string[] last = File.ReadAllLines(folder["run", "metrics.csv"])[^1].Split(',');
        Assert.That(double.Parse(last[5]), Is.EqualTo(scores.GetProperty("loss").GetDouble()).Within(1e-6));
        JsonElement ensemble = Succeed("eval", "--weights", $"{weights},{weights}", "--data", data, "--json", "--batch", "5").Json;
        Assert.That(ensemble.GetProperty("loss").GetDouble(), Is.EqualTo(scores.GetProperty("loss").GetDouble()).Within(1e-5));

        string image = folder["data", "val", "green", "01.png"];
        JsonElement row = Succeed("predict", "--weights", weights, "--json", "--logits", "--top", "2", image).Json[0];
        HasProperties(row, "file", "predictions", "logits");
        Assert.That(row.GetProperty("file").GetString(), Is.EqualTo(image));
        Assert.That(row.GetProperty("logits").GetArrayLength(), Is.EqualTo(3));
        JsonElement best = row.GetProperty("predictions")[0];
        HasProperties(best, "class", "index", "probability");
        Assert.That(best.GetProperty("class").GetString(), Is.EqualTo("green"));
        Assert.That(best.GetProperty("index").GetInt32(), Is.EqualTo(1));
        Assert.That(best.GetProperty("probability").GetDouble(), Is.InRange(0.5, 1));
        Assert.That(row.GetProperty("predictions").GetArrayLength(), Is.EqualTo(2));
        HasProperties(Succeed("predict", "--weights", weights, "--json", image).Json[0], "file", "predictions");
        Assert.That(Succeed("predict", "--weights", weights, image).Output, Does.Contain("green"));

        // From these weights on: the accuracy is there from the start.
        Succeed("train", "--model", "smallcnn", "--data", data, "--weights", weights, "--batch", "6", "--steps", "1", "--lr", "1e-6",
            "--out", folder["on"]);
        Assert.That(double.Parse(File.ReadAllLines(folder["on", "metrics.csv"])[^1].Split(',')[6]), Is.EqualTo(1));
    }

    [Test]
    public void HingeLossIsTrainedReportedAndResumed()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        Assert.That(Train("hinge", "run"), Does.Match(@"Loss\s+hinge"));
        Train("cross-entropy", "other");
        JsonElement settings = JsonDocument.Parse(File.ReadAllText(folder["run", "config.json"])).RootElement.GetProperty("settings");
        Assert.That(settings.GetProperty("loss").GetProperty("name").GetString(), Is.EqualTo("hinge"));
        // From the same weights, with a rate that leaves them as they are: in training and in validation another number.
        Assert.That(Losses("run").Zip(Losses("other"), (hinge, entropy) => Math.Abs(hinge - entropy)), Is.All.GreaterThan(0.01));

        Assert.That(Succeed("train", "--resume", folder["run"], "--steps", "4").Output, Does.Match(@"Loss\s+hinge"));
        Fail(Program.WrongUsage, ["train", "--model", "linear", "--data", data, "--loss", "hinge", "--label-smoothing", "0.1", "--batch",
            "6", "--out", folder["no"]], "--label-smoothing belongs to --loss cross-entropy");

        string Train(string loss, string run) => Succeed(
            "train", "--model", "linear", "--input", "3x8x8", "--data", data, "--loss", loss, "--batch", "6", "--steps", "2", "--lr",
                "1e-9", "--out", folder[run]).Output;

        double[] Losses(string run)
        {
            string[] row = File.ReadAllLines(folder[run, "metrics.csv"])[^1].Split(',');
            return [.. new[] { row[3], row[5] }.Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture))];
        }
    }

    [Test]
    public void ConfigurationHoldsWhatWasSaid()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        Succeed("train", "--model", "lenet5", "--data", data, "--input", "1x16x16", "--batch", "5", "--epochs", "3", "--steps", "2",
            "--lr", "0.125", "--momentum", "0.5", "--nesterov",
            "--weight-decay", "0.25", "--label-smoothing", "0.0625", "--mixup", "0.5", "--cutmix", "0.25", "--schedule", "multistep",
                "--milestones", "1,2", "--gamma", "0.5", "--warmup", "2", "--seed", "99", "--augment", "crop2,flip",
            "--fit", "pad", "--save-every", "1", "--device", "cpu", "--threads", "1", "--out", folder["run"]);
        JsonElement config = JsonDocument.Parse(File.ReadAllText(folder["run", "config.json"])).RootElement,
            settings = config.GetProperty("settings");
        Assert.That(config.GetProperty("model").GetString(), Is.EqualTo("lenet5"));
        Assert.That(config.GetProperty("classes").EnumerateArray().Select(name => name.GetString()), Is.EqualTo(TinyData.Classes));
        Assert.That(config.GetProperty("data").GetString(), Is.EqualTo(data));
        Assert.That(config.GetProperty("fit").GetString(), Is.EqualTo("pad"));
        Assert.That(config.GetProperty("augmentation").GetString(), Is.EqualTo("crop2,flip"));
        Assert.That(config.GetProperty("threads").GetInt32(), Is.EqualTo(1));
        string expected = """
            {"epochs":3,"steps":2,"batch":5,"learningRate":0.125,
            "optimizer":{"name":"sgd","momentum":0.5,"nesterov":true,"weightDecay":0.25,"decaysVectors":true,"maxFilterRms":0},
            "loss":{"name":"cross-entropy","labelSmoothing":0.0625},"mixup":0.5,"cutMix":0.25,
            "schedule":{"name":"multistep","milestones":[1,2],"gamma":0.5,"warmup":2},"seed":99,"saveEvery":1}
            """;
        AssertHolds(settings, JsonDocument.Parse(expected).RootElement);
    }

    /// <summary>Expects each property, with its value; what was not said may be there too.</summary>
    private static void AssertHolds(JsonElement actual, JsonElement expected)
    {
        foreach (JsonProperty property in expected.EnumerateObject())
        {
            JsonElement value = actual.GetProperty(property.Name);
            if (property.Value.ValueKind == JsonValueKind.Object) AssertHolds(value, property.Value);
            else Assert.That(JsonElement.DeepEquals(value, property.Value), $"{property.Name} is {value}");
        }
    }

    [Test]
    public void ImagesAreHeldOutWhereNoneAreKeptApart()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder, train: 20);
        string text = Succeed("train", "--data", folder["data", "train"], "--input", "3x16x16", "--batch", "6", "--steps", "1", "--out",
            folder["a"]).Output;
        Assert.That(text, Does.Contain("54 training and 6 validation images").And.Contain("held out"));
        Assert.That(Succeed("train", "--data", folder["data", "train"], "--val", folder["data", "val"], "--input", "3x16x16", "--batch",
            "6", "--steps", "1", "--out", folder["b"]).Output,
            Does.Contain("60 training and 12 validation images"));
        // Too few to keep some apart.
        Assert.That(Succeed("train", "--data", folder["data", "val"], "--input", "3x16x16", "--batch", "6", "--steps", "1", "--out",
            folder["c"]).Output,
            Does.Contain("no validation images"));
        Assert.That(Directory.Exists(data));
    }

    [Test]
    public void DataCommands()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        Assert.That(Succeed("data", "check", data).Output, Does.Contain("class folders").And.Contain("Good to train on."));
        string image = folder["data", "val", "red", "00.png"];
        Succeed("data", "decode", image, folder["one.ppm"]);
        Assert.That(ImageFile.Read(folder["one.ppm"]).Pixels, Is.EqualTo(ImageFile.Read(image).Pixels));
        Assert.That(Succeed("data", "decode", folder["data", "val", "red"], folder["all"]).Output, Does.Contain("4 images as PNG"));
        Assert.That(Directory.GetFiles(folder["all"]), Has.Length.EqualTo(4));
        Assert.That(Succeed("data", "demo", folder["demo"], "--seed", "5").Output,
            Does.Contain("1,600 training").And.Contain("gpucnn train"));
        Assert.That(DemoDataset.IsComplete(folder["demo"], 5));
    }
}
