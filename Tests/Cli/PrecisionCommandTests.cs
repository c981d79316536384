using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Cli.Training;
using GpuCnn.Runs;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>--precision</c>, wherever a network runs on a device.</summary>
public sealed class PrecisionCommandTests
{
    private TemporaryFolder _folder = null!;
    private string _data = "";

    [OneTimeSetUp]
    public void Write()
    {
        _folder = new();
        _data = TinyData.Write(_folder, train: 4, validation: 2, side: 8);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("train")]
    [TestCase("eval", "--weights", "w", "--data", "d")]
    [TestCase("predict", "--weights", "w", "image.png")]
    [TestCase("lr-find")]
    [TestCase("bench")]
    [TestCase("tune", "lenet5")]
    [TestCase("profile", "lenet5")]
    [TestCase("summary", "lenet5")]
    public void WhatADeviceLacksIsOneLineBeforeAnythingElse(params string[] args)
    {
        Fail(Program.Failed, [.. args, "--device", "cpu", "--precision", "bf16"], "The device cpu", "fp32 only", "bf16 needs",
            "fp32 runs on all devices", "gpucnn devices");
        Fail(Program.WrongUsage, [.. args, "--precision", "fp16"], "--precision expects fp32, tf32 or bf16", "'fp16'");
        Assert.That(Succeed(args[0], "--help").Output, Does.Match(@"--precision <[a-zA-Z0-9|,]+>").And.Contain("[default: fp32]"));
    }

    [TestCase("fp32")]
    [TestCase("tf32")]
    [TestCase("bf16")]
    public void ARunHasAPrecisionAndGoesOnWithIt(string precision)
    {
        string run = _folder[$"run-{precision}"];
        string output = Succeed([.. TrainArgs, "--precision", precision, "--steps", "1", "--out", run]).Output;
        Assert.That(output.Contains($"; {precision}\n", StringComparison.Ordinal), Is.EqualTo(precision != "fp32"), output);
        Assert.That(PrecisionOf(run), Is.EqualTo(precision));
        RunConfig config = RunConfig.Parse(File.ReadAllText(Path.Combine(run, "config.json")), run);
        Assert.That(RepeatCommand.Of(config), Does.Contain($"--precision {precision}"));
        Assert.That(File.ReadAllText(Path.Combine(run, "report.html")), Does.Contain($"--precision {precision}"));

        Fail(Program.WrongUsage, ["train", "--resume", run, "--precision", "tf32"], "--precision cannot be changed by --resume");
        output = Succeed("train", "--resume", run, "--steps", "2").Output;
        Assert.That(output.Contains($"; {precision}\n", StringComparison.Ordinal), Is.EqualTo(precision != "fp32"), output);
        Assert.That(PrecisionOf(run), Is.EqualTo(precision));
        if (precision == "fp32") return;
        Fail(Program.Failed, ["train", "--resume", run, "--steps", "3", "--device", "cpu"], "The device cpu", $"{precision} needs");
        // Another device judges the run's images in float32, and has no times of the run's steps.
        Succeed("report", run, "--device", "cpu");
        Assert.That(File.ReadAllText(Path.Combine(run, "report.html")), Does.Contain("Confusion matrix").And.Contain($"{precision} needs"));
    }

    [Test]
    public void ARunThatSaysNothingOfItIsFloat32()
    {
        string run = _folder["old"];
        Succeed([.. TrainArgs, "--steps", "1", "--out", run]);
        string path = Path.Combine(run, "config.json"), text = File.ReadAllText(path);
        string[] lines = text.Split('\n');
        Assert.That(lines.Count(line => line.Contains("\"precision\": \"fp32\",", StringComparison.Ordinal)), Is.EqualTo(1));
        File.WriteAllText(path, string.Join('\n', lines.Where(line => !line.Contains("precision", StringComparison.Ordinal))));
        Succeed("train", "--resume", run, "--steps", "2");
        Assert.That(PrecisionOf(run), Is.EqualTo("fp32"));
        File.WriteAllText(path, text.Replace("\"fp32\"", "\"fp8\""));
        Fail(Program.Failed, ["train", "--resume", run, "--steps", "3"], "config.json", "damaged");
        File.WriteAllText(path, text.Replace("\"fp32\"", "7"));
        Fail(Program.Failed, ["train", "--resume", run, "--steps", "3"], "config.json", "damaged", "fp32, tf32 or bf16");
    }

    [Test]
    public void RanksHaveOnePrecision()
    {
        CommandResult[] results = RankedCommand.Run(2, rank =>
            [.. TrainArgs, "--steps", "1", "--out", _folder["ranks"], .. rank == 1 ? (string[])["--precision", "tf32"] : []]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Failed));
        Assert.That(results[0].Error, Does.Contain("All ranks expect the same run").And.Contain("\"precision\": \"tf32\""));
    }

    [Test]
    public void WeightsAreJudgedAndAskedInAnyPrecision()
    {
        string run = _folder["judged"];
        Succeed([.. TrainArgs, "--steps", "1", "--out", run]);
        double[] losses = [.. new[] { "fp32", "tf32", "bf16" }.Select(precision =>
        {
            JsonElement scores = Succeed("eval", "--weights", run, "--data", _data, "--device", "debug", "--precision", precision,
                "--json").Json;
            Assert.That(scores.GetProperty("computePrecision").GetString(), Is.EqualTo(precision));
            return scores.GetProperty("loss").GetDouble();
        })];
        Assert.That(losses, Is.All.EqualTo(losses[0]).Within(2).Percent);
        Assert.That(Succeed("eval", "--weights", run, "--data", _data, "--device", "debug", "--precision", "bf16").Output,
            Does.Match(@"Device  debug: .*; bf16\n"));
        string image = Directory.GetFiles(_data, "*.png", SearchOption.AllDirectories).Order().First();
        double[] logits = [.. new[] { "fp32", "bf16" }.Select(precision => Succeed("predict", "--weights", run, image, "--device", "debug",
            "--precision", precision, "--logits", "--json").Json[0].GetProperty("logits")[0].GetDouble())];
        Assert.That(logits[1], Is.EqualTo(logits[0]).Within(0.05));
    }

    [Test]
    public void BenchMeasuresSeveral()
    {
        string[] args = ["bench", "--models", "linear", "--batch", "2", "--device", "debug"];
        string text = Succeed([.. args, "--precision", "fp32,bf16,fp32", "--json", _folder["bench.json"]]).Output;
        JsonElement rows = JsonDocument.Parse(File.ReadAllText(_folder["bench.json"])).RootElement;
        Assert.That(rows.EnumerateArray().Select(row => row.GetProperty("precision").GetString()), Is.EqualTo(new[] { "fp32", "bf16" }));
        Assert.That(rows.EnumerateArray().Select(row => row.GetProperty("trainImagesPerSecond").GetDouble()), Is.All.Positive);
        Assert.That(text, Does.Match(@"linear +fp32 +2 ").And.Match(@"linear +bf16 +2 "));
        Fail(Program.WrongUsage, [.. args, "--precision", "fp32,"], "--precision expects fp32, tf32 or bf16, or several between commas");
        CommandResult ranked = RankedCommand.Run(2, [.. args, "--distributed", "--precision", "fp32,bf16"])[0];
        Assert.That(ranked.Error, Does.Contain("--precision expects one with --distributed"));
    }

    [Test]
    public void SummaryCountsTheMemoryOfAPrecision()
    {
        JsonElement Of(params string[] more) => Succeed(["summary", "resnet50", "--batch", "32", "--json", .. more]).Json;
        JsonElement cpu = Of(), whole = Of("--device", "debug"), half = Of("--precision", "bf16");
        Assert.That(new[] { cpu, whole, half }.Select(json => (json.GetProperty("device").GetString(),
            json.GetProperty("precision").GetString(), json.GetProperty("trainingBatch").GetInt32())),
            Is.EqualTo(new[] { ("cpu", "fp32", 32), ("debug", "fp32", 32), ("debug", "bf16", 32) }));
        // The parameters, their gradients and the optimizer's slot stay as they are.
        double share = half.GetProperty("trainingBytes").GetDouble() / whole.GetProperty("trainingBytes").GetDouble();
        Assert.That(share, Is.InRange(0.54, 0.6));
        Assert.That(Succeed("summary", "resnet50", "--batch", "32", "--precision", "bf16").Output,
            Does.Match(@"Training memory 1\.[6-8] GiB in batches of 32 on a GPU, bf16\n"));
        Assert.That(Succeed("summary", "resnet50", "--batch", "32").Output, Does.Contain("in batches of 32 on cpu\n"));
    }

    [Test]
    public void ProfileAndTuneSayWhichTheyMeasured()
    {
        string[] profile = ["profile", "lenet5", "--batch", "1", "--device", "debug", "--repetitions", "1", "--inference"];
        Assert.That(Succeed([.. profile, "--precision", "tf32", "--json", "-"]).Json.GetProperty("precision").GetString(),
            Is.EqualTo("tf32"));
    }

    private string[] TrainArgs =>
    [
        "train", "--model", "linear", "--data", _data, "--input", "3x8x8", "--batch", "4", "--lr", "0.01", "--device", "debug",
    ];

    private static string? PrecisionOf(string run) => JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "config.json"))).RootElement
        .GetProperty("settings").GetProperty("precision").GetString();
}
