using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>What <c>eval</c> measures, and how it marks numbers that mean little.</summary>
public sealed class EvalSplitTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeSetUp]
    public void Train()
    {
        NoiseData.Write(_folder["data", "train"], 10);
        NoiseData.Write(_folder["data", "val"], 3, seed: 2);
        NoiseData.Write(_folder["data", "test"], 2, seed: 3);
        NoiseData.Train(_folder["data"], _folder["run"], "--epochs", "2");
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("validation", 9)]
    [TestCase("validation", 9, "--split", "val")]
    [TestCase("training", 30, "--split", "train")]
    [TestCase("test", 6, "--split", "test")]
    [TestCase("all", 39, "--all")]
    public void TheSplitIsChosen(string measured, int images, params string[] options)
    {
        JsonElement result = Succeed(["eval", "--weights", _folder["run"], "--data", _folder["data"], "--json", .. options]).Json;
        Assert.That((result.GetProperty("measured").GetString(), result.GetProperty("images").GetInt32()), Is.EqualTo((measured, images)));
        Assert.That(result.TryGetProperty("top5", out _), Is.False, "top-5 of three classes");
        if (measured == "all") Assert.That(result.GetProperty("trainedShare").GetDouble(), Is.EqualTo(30.0 / 39).Within(1e-12));
        string text = Succeed(["eval", "--weights", _folder["run"], "--data", _folder["data"], .. options]).Output;
        Assert.That(text, Does.Match($@"(?m)^Split +(all|the) {images} ")
            .And.Match(@"(?m)^Top-1 +[0-9.]+ % \(95 % interval [0-9.]+ to [0-9.]+ %\)$"));
    }

    /// <summary>The folder of the validation images by itself, too.</summary>
    [Test]
    public void APartMayBeNamedAlone()
    {
        JsonElement val = Succeed("eval", "--weights", _folder["run"], "--data", _folder["data", "val"], "--json").Json;
        Assert.That((val.GetProperty("measured").GetString(), val.GetProperty("images").GetInt32()), Is.EqualTo(("heldOut", 9)));
        JsonElement train = Succeed("eval", "--weights", _folder["run"], "--data", _folder["data", "train"], "--json").Json;
        Assert.That((train.GetProperty("measured").GetString(), train.GetProperty("trainedShare").GetDouble()), Is.EqualTo(("all", 1.0)));
    }

    [Test]
    public void MistakesAreOneLine()
    {
        string weights = _folder["run"], bare = _folder["data", "val"];
        Fail(Program.Failed, ["eval", "--weights", weights, "--data", bare, "--split", "test"], "test images", "training images only");
        Fail(Program.WrongUsage, ["eval", "--weights", weights, "--data", bare, "--split", "dev"], "train, val or test", "'dev'");
        Fail(Program.WrongUsage, ["eval", "--weights", weights, "--data", bare, "--split", "val", "--all"], "--all", "--split");
        Fail(Program.Failed, ["eval", "--weights", _folder["data"], "--data", bare], "not the folder of a run");
    }

    [Test]
    public void ARunsFolderStandsForItsWeights()
    {
        string run = _folder["two"], final = Path.Combine(run, "final.safetensors"), best = Path.Combine(run, "best.safetensors");
        NoiseData.Train(_folder["data"], run, "--epochs", "1");
        File.Delete(best);
        Assert.That(Weights(), Is.EqualTo(final));
        File.Copy(final, best);
        Assert.That(Weights(), Is.EqualTo(best));
        File.Delete(final);
        Assert.That(Weights(), Is.EqualTo(best));
        File.Delete(best);
        Fail(Program.Failed, ["eval", "--weights", run, "--data", _folder["data"]],
            "best.safetensors and no final.safetensors yet", "--resume", "checkpoint-");

        string Weights() => Succeed("eval", "--weights", run, "--data", _folder["data"], "--json").Json
            .GetProperty("weights")[0].GetString()!;
    }
}
