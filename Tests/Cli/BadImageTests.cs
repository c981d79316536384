using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Training;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Images that cannot be read cost a run nothing that it has done.</summary>
public sealed class BadImageTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void TheEpochBeforeABadValidationImageIsSaved()
    {
        string data = TinyData.Write(_folder), image = _folder["data", "val", "red", "03.png"], cut = _folder["cut"];
        byte[] whole = File.ReadAllBytes(image);
        string[] options = ["--data", data, "--input", "3x16x16", "--batch", "6", "--epochs", "3", "--bad-images", "fail"];
        Succeed(["train", .. options, "--out", _folder["expected"]]);
        // The images have been listed when the file is damaged, as if it happened while the run went on.
        var breaker = new AtFirstStep(() => File.WriteAllBytes(image, whole[..60]));
        CommandResult broken = Run(host => host with { Observer = breaker }, ["train", .. options, "--out", cut]);
        Assert.That(broken.Code, Is.EqualTo(Program.Failed));
        Assert.That(Line(broken), Does.Contain("03.png").And.Contain("6 steps done are saved").And.Contain("--resume"));
        Assert.That(Directory.EnumerateFiles(cut, "checkpoint-000000006*"), Is.Not.Empty);
        Fail(Program.Failed, ["train", "--resume", cut], "03.png", "6 steps");
        File.WriteAllBytes(image, whole);
        Succeed("train", "--resume", cut);
        Assert.That(Weights(cut), Is.EqualTo(Weights(_folder["expected"])));
    }

    [Test]
    public void AFewAreLeftOutAndCounted()
    {
        string data = TinyData.Write(_folder, "few", train: 40, validation: 40);
        foreach (string part in (string[])["train", "val"]) File.WriteAllBytes(_folder["few", part, "red", "03.png"], [1, 2, 3]);
        string run = _folder["few-run"];
        string[] options = ["--data", data, "--input", "3x16x16", "--batch", "30", "--epochs", "2"];
        CommandResult result = Succeed(["train", .. options, "--out", run]);
        Assert.That(result.Output, Does.Contain("2 images that could not be read").And.Contain("of 119 validation images"));
        Assert.That(File.ReadAllLines(Path.Combine(run, "bad-images.csv")), Has.Length.EqualTo(3));
        CommandResult eval = Run("eval", "--weights", Path.Combine(run, "final.safetensors"), "--data", data, "--json");
        Assert.That((eval.Code, eval.Json.GetProperty("images").GetInt32()), Is.EqualTo((Program.Done, 119)));
        Assert.That(Line(eval), Does.StartWith("Left out: ").And.Contain("03.png"));
        Fail(Program.Failed, ["eval", "--weights", Path.Combine(run, "final.safetensors"), "--data", data, "--bad-images", "fail"],
            "03.png");
        Fail(Program.Failed, ["train", .. options, "--bad-images", "fail", "--out", _folder["few-fail"]], "03.png");
        Fail(Program.WrongUsage, ["train", "--bad-images", "ignore"], "skip or fail", "'ignore'");

        string again = _folder["few-again"];
        using var stop = new CancellationTokenSource();
        Run(host => host with { Observer = new AtFirstStep(stop.Cancel), Cancellation = stop.Token },
            ["train", .. options, "--out", again]);
        Assert.That(File.Exists(Path.Combine(again, "final.safetensors")), Is.False);
        Succeed("train", "--resume", again);
        Assert.That(Weights(again), Is.EqualTo(Weights(run)));
    }

    private static float[] Weights(string run) =>
        [.. ModelFile.Load(Path.Combine(run, "final.safetensors")).Tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .SelectMany(pair => pair.Value.Values)];

    private sealed class AtFirstStep(Action action) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            if (report.Step == 1) action();
        }

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }
}
