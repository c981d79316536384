using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Training that starts from weights of other classes, and that leaves some of them as they are.</summary>
public sealed class FineTuneTests
{
    private readonly TemporaryFolder _folder = new();
    private string _data = "", _two = "", _weights = "";

    [OneTimeSetUp]
    public void Prepare()
    {
        _data = TinyData.Write(_folder);
        _two = TinyData.Write(_folder, "two");
        foreach (string split in (string[])["train", "val"]) Directory.Delete(_folder["two", split, "green"], recursive: true);
        Succeed("train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "6", "--steps", "2", "--out",
            _folder["first"]);
        _weights = _folder["first", "final.safetensors"];
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void OtherClassesGetANewLastLayer()
    {
        Assert.That(Train(_two, "other", "--steps", "1", "--lr", "1e-12", "--weight-decay", "0"),
            Does.Contain($"from {_weights}; fc.weight, fc.bias reinitialized"));
        ModelFile before = ModelFile.Load(_weights), after = ModelFile.Load(_folder["other", "final.safetensors"]);
        Assert.That(after.Metadata.Classes, Is.EqualTo(new[] { "dark", "red" }));
        foreach ((string name, Tensor tensor) in after.Tensors.Where(tensor => !tensor.Key.StartsWith("fc.", StringComparison.Ordinal)))
            Assert.That(tensor.Values, Is.EqualTo(before.Tensors[name].Values).Within(1e-9), name);
        Assert.That(after.Tensors["fc.weight"].Dimensions[0], Is.EqualTo(2));
        Assert.That(after.Tensors["fc.weight"].Values.Max(Math.Abs), Is.GreaterThan(0.01f));
        Assert.That(Config("other").GetProperty("startedAnew").GetArrayLength(), Is.EqualTo(2));
    }

    [Test]
    public void TheSameClassesGoOn() =>
        Assert.That(Train(_data, "same", "--steps", "1"),
            Does.Contain($"from {_weights}\n").And.Not.Contain("reinitialized").And.Not.Contain("Frozen"));

    /// <summary>Batch norms keep their running statistics to the bit, and their scales are trained; so on resuming.</summary>
    [Test]
    public void FrozenBatchNormsKeepTheirStatistics()
    {
        Assert.That(Succeed("train", "--model", "resnet20", "--data", _two, "--input", "3x16x16", "--batch", "5", "--steps", "1",
            "--freeze-bn", "--freeze", "conv1.*", "--out", _folder["norms"]).Output,
            Does.Contain("with frozen running statistics; scale and shift trained\n"));
        Assert.That(Succeed("train", "--resume", _folder["norms"], "--steps", "2").Output, Does.Contain("with frozen running statistics"));
        ModelFile after = ModelFile.Load(_folder["norms", "final.safetensors"]);
        Assert.That(after.Tensors["bn1.running_mean"].Values, Is.All.Zero);
        Assert.That(after.Tensors["bn1.running_var"].Values, Is.All.EqualTo(1));
        Assert.That(after.Tensors["bn1.num_batches_tracked"].Values, Is.All.Zero);
        Assert.That(after.Tensors["bn1.weight"].Values, Has.Some.Not.EqualTo(1));
        Assert.That(Config("norms").GetProperty("freezeBatchNorm").GetBoolean(), Is.True);
    }

    [Test]
    public void RefusesToFreezeNormsWhereThereAreNone() =>
        Assert.That(Run("train", "--model", "lenet5", "--data", _data, "--freeze-bn", "--out", _folder["none"]).Error,
            Does.Contain("lenet5 has none"));

    /// <summary>The class layer learns at its own rate, and a step has several batches; a resumed run repeats both.</summary>
    [Test]
    public void AStepOfSeveralBatchesAndARateOfTheHead()
    {
        string text = Train(_two, "steps", "--steps", "1", "--accumulate", "2", "--lr", "1e-12", "--head-lr", "0.05",
            "--weight-decay", "0", "--clip", "2.5");
        Assert.That(text, Does.Contain("Step      2 batches of 5, 10 images, for one update"));
        Assert.That(text, Does.Contain("          0.05 for the class layers: fc.weight fc.bias\n"));
        Assert.That(text, Does.Contain("clip 2.5"));
        ModelFile before = ModelFile.Load(_weights), after = ModelFile.Load(_folder["steps", "final.safetensors"]);
        foreach ((string name, Tensor tensor) in after.Tensors.Where(tensor => tensor.Key.StartsWith("conv", StringComparison.Ordinal)))
            if (!name.Contains("num_batches") && !name.Contains("running"))
                Assert.That(tensor.Values, Is.EqualTo(before.Tensors[name].Values).Within(1e-9), name);
        JsonElement settings = Config("steps").GetProperty("settings");
        Assert.That((settings.GetProperty("batch").GetInt32(), settings.GetProperty("accumulate").GetInt32(),
            settings.GetProperty("headLearningRate").GetSingle(), settings.GetProperty("optimizer").GetProperty("clip").GetSingle()),
            Is.EqualTo((5, 2, 0.05f, 2.5f)));
        Assert.That(Succeed("train", "--resume", _folder["steps"], "--steps", "2").Output, Does.Contain("2 batches of 5, 10 images"));
    }

    [Test]
    public void FrozenParametersStay()
    {
        Assert.That(Train(_two, "frozen", "--steps", "3", "--freeze", "conv?.bias", "--freeze", "conv1.*"),
            Does.Contain("Frozen    5 tensors of 608 parameters, by conv?.bias conv1.*"));
        ModelFile before = ModelFile.Load(_weights), after = ModelFile.Load(_folder["frozen", "final.safetensors"]);
        foreach ((string name, Tensor tensor) in after.Tensors.Where(tensor => !tensor.Key.StartsWith("fc.", StringComparison.Ordinal)))
            Assert.That(tensor.Values.SequenceEqual(before.Tensors[name].Values),
                Is.EqualTo(name.EndsWith(".bias", StringComparison.Ordinal) || name.StartsWith("conv1.", StringComparison.Ordinal)), name);
        Assert.That(Config("frozen").GetProperty("freeze").EnumerateArray().Select(pattern => pattern.GetString()),
            Is.EqualTo(new[] { "conv?.bias", "conv1.*" }));
    }

    /// <summary>12 images are two steps an epoch: conv1 is trained in the second.</summary>
    [Test]
    public void FrozenParametersAreTrainedFromTheirEpochOn()
    {
        string[] args = ["--freeze", "conv1.*", "--unfreeze-at", "2", "--epochs", "2"];
        Assert.That(Train(_two, "late", args), Does.Contain("by conv1.*; trained from epoch 2 on"));
        Train(_two, "begun", [.. args, "--steps", "1"]);
        float[] Weights(string file) => ModelFile.Load(file).Tensors["conv1.weight"].Values;
        Assert.That(Weights(_folder["begun", "final.safetensors"]), Is.EqualTo(Weights(_weights)));
        Assert.That(Weights(_folder["late", "final.safetensors"]), Is.Not.EqualTo(Weights(_weights)));
        Succeed("train", "--resume", _folder["begun"], "--epochs", "2");
        ResumeTests.AssertSame(_folder["late"], _folder["begun"]);
        Fail(Program.Failed, ["train", "--data", _two, "--input", "3x16x16", "--device", "cpu", "--unfreeze-at", "2", "--out",
            _folder["none"]], "frozen", "--unfreeze-at");
    }

    /// <summary>Also where the run has no checkpoint yet, and begins again.</summary>
    [Test]
    public void AResumedRunFreezesTheSame()
    {
        string[] args = ["--freeze", "conv1.*", "--freeze", "conv2.weight"];
        Train(_two, "whole", ["--steps", "6", .. args]);
        Train(_two, "parts", ["--steps", "2", .. args]);
        Assert.That(Succeed("train", "--resume", _folder["parts"], "--steps", "6").Output, Does.Contain("Frozen    3 tensors"));
        ResumeTests.AssertSame(_folder["whole"], _folder["parts"]);
        foreach (string file in Directory.GetFiles(_folder["parts"], "*.safetensors")) File.Delete(file);
        Succeed("train", "--resume", _folder["parts"]);
        ResumeTests.AssertSame(_folder["whole"], _folder["parts"]);
        Fail(Program.WrongUsage, ["train", "--resume", _folder["parts"], "--freeze", "fc.*"], "--freeze cannot be changed by --resume");
    }

    [TestCase("conv1", "did you mean 'conv1.*'?")]
    [TestCase("cnv1.*", "did you mean 'conv1.*'")]
    [TestCase("conv1.weigth", "'conv1.weight'")]
    [TestCase("features.0.weight", "its paths are conv1.weight, conv1.bias")]
    [TestCase("*", "freezes all 10 tensors of smallcnn", "nothing is left to train")]
    [TestCase("", "--freeze expects PATTERN")]
    public void PatternsThatNameNothing(string pattern, params string[] parts) =>
        Fail(Program.WrongUsage, ["train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "6", "--out",
            _folder["none"], "--freeze", "fc.*", "--freeze", pattern], parts);

    private string Train(string data, string run, params string[] args) =>
        Succeed(["train", "--model", "smallcnn", "--data", data, "--weights", _weights, "--batch", "5", "--schedule", "constant",
            "--warmup", "0", "--seed", "3", "--out", _folder[run], .. args]).Output;

    private JsonElement Config(string run) => JsonDocument.Parse(File.ReadAllText(_folder[run, "config.json"])).RootElement;
}
