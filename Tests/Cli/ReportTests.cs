using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Cli.Training;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Training;
using GpuCnn.Reports;
using GpuCnn.Runs;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>The files that look at a run, as <c>train</c> and <c>report</c> write them.</summary>
public sealed class ReportTests
{
    private TemporaryFolder _folder = null!;
    private string _data = null!, _run = null!;

    [OneTimeSetUp]
    public void Train()
    {
        _folder = new();
        _data = TinyData.Write(_folder);
        _run = _folder["run"];
        Succeed(TrainArgs(_run));
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void TrainingWritesThePageAndItsTables()
    {
        string page = File.ReadAllText(Path.Combine(_run, RunReport.FileName));
        using (Assert.EnterMultipleScope())
        {
            foreach (string section in (string[])
                ["Curves", "Confusion matrix", "Classes", "First-layer filters", "Training images", "Settings"])
                Assert.That(page, Does.Contain($"<h2>{section}</h2>"));
            Assert.That(page, Does.Contain("gpucnn train --model smallcnn"));
            Assert.That(File.ReadAllText(Path.Combine(_run, RunReport.MatrixFileName)), Does.StartWith("<?xml").And.Contain("<svg"));
            Assert.That(StepLog.Read(Path.Combine(_run, StepLog.FileName)).Select(row => row.Step), Is.EqualTo(Enumerable.Range(1, 12)));
        }
    }

    [Test]
    public void ResultsHaveTheColumnsOfYoloClassify()
    {
        string[] rows = File.ReadAllLines(Path.Combine(_run, "results.csv")),
            metrics = File.ReadAllLines(Path.Combine(_run, "metrics.csv"));
        string[] last = rows[^1].Split(','), own = metrics[^1].Split(',');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows[0], Is.EqualTo(
                "epoch,time,train/loss,metrics/accuracy_top1,metrics/accuracy_top5,val/loss,lr/pg0,lr/pg1,lr/pg2"));
            Assert.That(rows, Has.Length.EqualTo(metrics.Length));
            Assert.That(last[0], Is.EqualTo(own[0]));
            Assert.That(Number(last[2]), Is.EqualTo(Number(own[3])).Within(0.001).Percent);
            Assert.That(Number(last[3]), Is.EqualTo(Number(own[6])).Within(0.001).Percent);
            Assert.That(Number(last[5]), Is.EqualTo(Number(own[5])).Within(0.001).Percent);
        }

        static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Test]
    public void ReportIsMadeAgainFromTheFolder()
    {
        string copy = Copy("again");
        foreach (string file in (string[])["report.html", "results.csv", "confusion_matrix.svg"]) File.Delete(Path.Combine(copy, file));
        string output = Succeed("report", copy).Output;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(output, Does.Contain("report.html"));
            Assert.That(File.ReadAllText(Path.Combine(copy, "report.html")), Does.Contain("<h2>Time of each layer</h2>")
                .And.Contain("<h2>Confusion matrix</h2>"));
            Assert.That(File.ReadAllText(Path.Combine(copy, "results.csv")),
                Is.EqualTo(File.ReadAllText(Path.Combine(_run, "results.csv"))));
            Assert.That(Path.Combine(copy, "confusion_matrix.svg"), Does.Exist);
        }
    }

    /// <summary>Removes or damages files of a run, one kind at a time; the report says so and has the rest.</summary>
    [TestCase("metrics.csv is missing", "metrics.csv")]
    [TestCase("config.json is missing", "config.json")]
    [TestCase("no weights yet", "best.safetensors", "final.safetensors", "checkpoint-000000006.safetensors",
        "checkpoint-000000012.safetensors")]
    [TestCase("", "steps.csv")]
    public void FolderWithoutSomeFilesGivesTheRest(string said, params string[] removed)
    {
        string copy = Copy("part");
        foreach (string file in removed) File.Delete(Path.Combine(copy, file));
        File.Delete(Path.Combine(copy, "report.html"));
        Assert.That(Succeed("report", copy).Output, Does.Contain(said));
        Assert.That(File.ReadAllText(Path.Combine(copy, "report.html")), Does.Contain("<h2>Curves</h2>").And.Contain("<h2>Settings</h2>"));
    }

    [TestCase("metrics.csv", "epoch,step,learn")]
    [TestCase("metrics.csv", "")]
    [TestCase("config.json", "{\"version\": 3, \"gpucnn\"")]
    [TestCase("config.json", "[]")]
    [TestCase("config.json", "{\"version\": 99}")]
    [TestCase("steps.csv", "step,steps\n1")]
    [TestCase("best.safetensors", "half")]
    public void DamagedFilesAreNoReasonToFail(string file, string content)
    {
        string copy = Copy("damaged");
        File.WriteAllText(Path.Combine(copy, file), content);
        Succeed("report", copy);
        Assert.That(File.ReadAllText(Path.Combine(copy, "report.html")), Does.Contain("<h2>Curves</h2>"));
    }

    [Test]
    public void DataThatIsGoneLeavesTheCurves()
    {
        string copy = Copy("moved"), config = Path.Combine(copy, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(_data, _folder["nowhere"]));
        Assert.That(Succeed("report", copy).Output, Does.Contain("nowhere"));
        Assert.That(File.ReadAllText(Path.Combine(copy, "report.html")), Does.Contain("<h2>First-layer filters</h2>")
            .And.Not.Contain("<h2>Confusion matrix</h2>"));
    }

    [Test]
    public void FolderThatIsNoRunIsRefusedInOneLine()
    {
        Directory.CreateDirectory(_folder["empty"]);
        Fail(Program.Failed, ["report", _folder["empty"]], "is not the folder of a run");
        Fail(Program.Failed, ["report", _folder["missing"]], "is not the folder of a run");
        Fail(Program.Failed, ["report", _run, _folder["empty"]], "is not the folder of a run");
        Fail(Program.WrongUsage, ["report"], "DIR");
        Fail(Program.WrongUsage, ["report", _run, _run, "--device", "cpu"], "--device");
    }

    [Test]
    public void ComparisonShowsWhatDiffers()
    {
        Succeed(TrainArgs(_folder["other"], "--lr", "0.003"));
        string file = _folder["comparison.html"];
        Succeed("report", _run, _folder["other"], "--out", file);
        string page = File.ReadAllText(file);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.Contain("<td>learningRate</td><td>0.01</td><td>0.003</td>"));
            Assert.That(page, Does.Not.Contain("<td>model</td>"));
            Assert.That(page, Does.Contain("fill=\"currentColor\">run<").And.Contain("fill=\"currentColor\">other<"));
        }
    }

    /// <summary>The folder's files cannot be replaced, as on a full disk: one line, and the weights are those of any other run.</summary>
    [Test]
    public void ReportThatCannotBeWrittenLeavesTrainingAlone()
    {
        string run = _folder["blocked"];
        var block = new Blocker(run);
        CommandResult result = Run(host => host with { Observer = block }, TrainArgs(run));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Code, Is.EqualTo(Program.Done), result.Error);
            Assert.That(result.Output.Split("report cannot be written"), Has.Length.EqualTo(2), result.Output);
            Assert.That(Weights(run), Is.EqualTo(Weights(_run)));
        }
    }

    [TestCase]
    [TestCase("--optimizer", "adamw", "--schedule", "step", "--step-epochs", "1", "--ema", "0.9", "--label-smoothing", "0.1")]
    public void CommandOfTheReportRepeatsTheRun(params string[] options)
    {
        string run = _folder["repeat-" + options.Length], again = _folder["again-" + options.Length];
        Succeed(TrainArgs(run, options));
        var config = RunConfig.Read(RunDirectory.Look(run));
        Succeed([.. RepeatCommand.Words(config).Skip(1), "--out", again]);
        Assert.That(Weights(again), Is.EqualTo(Weights(run)));
    }

    [Test]
    public void ResumedRunHasTheStepsOfAWholeOne()
    {
        string run = _folder["resumed"];
        Succeed(TrainArgs(run, "--steps", "6"));
        Succeed("train", "--resume", run, "--epochs", "2");
        Assert.That(StepLog.Read(Path.Combine(run, StepLog.FileName)).Select(row => (row.Step, row.Steps)),
            Is.EqualTo(StepLog.Read(Path.Combine(_run, StepLog.FileName)).Select(row => (row.Step, row.Steps))));
        Assert.That(File.ReadAllLines(Path.Combine(run, "results.csv")), Has.Length.EqualTo(3));
    }

    [Test]
    public void EvaluationWritesItsFiles()
    {
        string page = _folder["evaluation.html"], confusion = _folder["confusion.csv"], predictions = _folder["predictions.csv"];
        string output = Succeed("eval", "--weights", _run, "--data", _data, "--report", page, "--confusion", confusion, "--predictions",
            predictions).Output;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(output, Does.Contain("precision").And.Contain("most confused with").And.Contain("predictions.csv"));
            Assert.That(File.ReadAllText(page), Does.Contain("<h2>Confusion matrix</h2>"));
            Assert.That(File.ReadAllLines(confusion), Has.Length.EqualTo(4));
            Assert.That(File.ReadAllLines(predictions), Has.Length.EqualTo(13));
        }
    }

    /// <summary>Whatever averages probabilities, the files agree with the accuracy that is printed.</summary>
    [TestCase]
    [TestCase("--ten-crop", "--val-resize", "20")]
    [TestCase("--batch", "5")]
    public void PredictionsAgreeWithTheAccuracy(params string[] options)
    {
        foreach (string weights in (string[])[_run, $"{_run},{_run}"])
        {
            string file = _folder["predictions.csv"];
            JsonElement json = Succeed(["eval", "--weights", weights, "--data", _data, "--json", "--predictions", file, .. options]).Json;
            IReadOnlyList<string>[] rows = [.. CsvText.Rows(File.ReadAllText(file)).Skip(1)];
            JsonElement[] classes = [.. json.GetProperty("classes").EnumerateArray()];
            using (Assert.EnterMultipleScope())
            {
                Assert.That(rows, Has.Length.EqualTo(json.GetProperty("images").GetInt32()));
                Assert.That((double)rows.Count(row => row[1] == row[2]) / rows.Length, Is.EqualTo(json.GetProperty("top1").GetDouble())
                    .Within(1e-9));
                Assert.That(classes.Sum(row => row.GetProperty("images").GetInt32()), Is.EqualTo(rows.Length));
                Assert.That(json.GetProperty("weighted").GetProperty("recall").GetDouble(),
                    Is.EqualTo(json.GetProperty("top1").GetDouble()).Within(1e-9));
            }
        }
    }

    /// <summary>What a run's validation says of each image adds up to the accuracy that it reports.</summary>
    [Test]
    public void ImagesOfTheValidationAddUpToItsAccuracy()
    {
        Collector collector = new();
        Assert.That(Run(host => host with { Observer = collector }, TrainArgs(_folder["collected"], "--ema", "0.5")).Error, Is.Empty);
        Assert.That(collector.Epochs, Is.EqualTo(2));
    }

    private sealed class Collector : ITrainingObserver
    {
        private Judgement _judgement = new(TinyData.Classes);

        public int Epochs { get; private set; }

        public ImageJudged Judging(int epoch) => (_judgement = new(TinyData.Classes)).Add;

        public void EpochDone(EpochReport report)
        {
            Epochs++;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(_judgement.Images.Select(image => image.Image), Is.EqualTo(Enumerable.Range(0, 12)));
                Assert.That(_judgement.Matrix.Accuracy, Is.EqualTo(report.Validation!.Top1).Within(1e-12));
            }
        }
    }

    private string[] TrainArgs(string run, params string[] more)
    {
        string[] args = ["train", "--model", "smallcnn", "--input", "3x16x16", "--data", _data, "--device", "cpu", "--threads", "1",
            "--batch", "6", "--epochs", "2", "--out", run];
        return more.Contains("--lr") ? [.. args, .. more] : [.. args, "--lr", "0.01", .. more];
    }

    private string Copy(string name)
    {
        string copy = _folder[name];
        if (Directory.Exists(copy)) Directory.Delete(copy, recursive: true);
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(_run)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    private static List<(string, float[])> Weights(string run) =>
        [.. ModelFile.Load(Path.Combine(run, "final.safetensors")).Tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => (pair.Key, pair.Value.Values))];

    /// <summary>Puts folders where a run's report and tables belong.</summary>
    private sealed class Blocker(string run) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            foreach (string file in (string[])["report.html", "steps.csv", "results.csv", "confusion_matrix.svg"])
                Directory.CreateDirectory(Path.Combine(run, file));
        }
    }
}
