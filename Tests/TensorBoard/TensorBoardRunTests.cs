using System.Globalization;
using System.Text.RegularExpressions;
using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.TensorBoard;
using GpuCnn.Tests.Cli;
using GpuCnn.Tests.Onnx;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.TensorBoard;

/// <summary>Event files of whole runs.</summary>
public sealed class TensorBoardRunTests
{
    private readonly TemporaryFolder _folder = new();
    private string _data = "";

    [OneTimeSetUp]
    public void Draw() => _data = TinyData.Write(_folder);

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void ScalarsAreThoseOfTheMetrics()
    {
        Train("scalars", "--epochs", "3", "--tensorboard", "--ema", "0.5");
        string[] header = File.ReadLines(_folder["scalars", "metrics.csv"]).First().Split(',');
        string[][] rows = [.. File.ReadLines(_folder["scalars", "metrics.csv"]).Skip(1).Select(row => row.Split(','))];
        foreach ((string tag, string column) in new[]
        {
            ("train/loss", "trainLoss"), ("train/top1", "trainTop1"), ("val/loss", "valLoss"), ("val/top1", "valTop1"),
            ("val/top5", "valTop5"),
            ("ema/loss", "emaLoss"), ("ema/top1", "emaTop1"), ("epoch", "epoch"),
        })
        {
            float[] expected = [.. rows.Select(row => float.Parse(row[Array.IndexOf(header, column)], CultureInfo.InvariantCulture))];
            Assert.That(Scalars("scalars", tag).Select(point => point.Value), Is.EqualTo(expected).Within(1e-6), tag);
            Assert.That(Scalars("scalars", tag).Select(point => point.Step), Is.EqualTo(new[] { 6L, 12, 18 }), tag);
        }
        Assert.That(Scalars("scalars", "train/step_loss").Select(point => point.Step), Is.EqualTo(Enumerable.Range(1, 18)));
        Assert.That(Scalars("scalars", "learning_rate").Select(point => point.Value), Is.All.EqualTo(0.01f));
        Assert.That(Scalars("scalars", "throughput/images_per_second").Select(point => point.Value), Is.All.GreaterThan(0));
    }

    [Test]
    public void HistogramsAreOfWeightsAndGradients()
    {
        Train("histograms", "--epochs", "4", "--tensorboard", "--histograms", "2", "--freeze", "conv1.*");
        LoggedEvent[] events = [.. EventReader.ReadFolder(_folder["histograms"])
            .Where(one => one.Values.Any(value => value.Has(5)))];
        Assert.That(events.Select(one => one.Step).Distinct(), Is.EqualTo(new[] { 12L, 24 }));
        ILookup<string, ProtobufFields> last = events.Where(one => one.Step == 24).SelectMany(one => one.Values)
            .ToLookup(value => value.Text(1), value => value.Message(5));
        ModelFile file = ModelFile.Load(_folder["histograms", "final.safetensors"]);
        foreach ((string path, Tensor tensor) in file.Tensors)
        {
            ProtobufFields histogram = last[$"weights/{path}"].Single();
            Assert.That(histogram.Double(3), Is.EqualTo(tensor.Values.Length), path);
            Assert.That(histogram.Double(1), Is.EqualTo(tensor.Values.Min()), path);
            Assert.That(histogram.Double(2), Is.EqualTo(tensor.Values.Max()), path);
            Assert.That(last[$"gradients/{path}"].Count(), Is.EqualTo(path.StartsWith("conv1.", StringComparison.Ordinal) ? 0 : 1), path);
            foreach (ProtobufFields gradient in last[$"gradients/{path}"]) Assert.That(gradient.Double(5), Is.GreaterThan(0), path);
        }
        Train("none", "--epochs", "1", "--tensorboard", "--histograms", "0");
        Assert.That(EventReader.ReadFolder(_folder["none"]).SelectMany(one => one.Values).Where(value => value.Has(5)), Is.Empty);
    }

    /// <summary>With a rate of nearly nothing, most images are taken for one class.</summary>
    [Test]
    public void PicturesAreOfFiltersAndMistakes()
    {
        Train("pictures", "--epochs", "2", "--tensorboard", "--lr", "1e-9");
        IEnumerable<LoggedEvent> last = EventReader.ReadFolder(_folder["pictures"]).Where(one => one.Step == 12);
        ProtobufFields[] values = [.. last.SelectMany(one => one.Values)];
        ILookup<string, ProtobufFields> pictures = values.Where(value => value.Has(4)).ToLookup(value => value.Text(1));
        Assert.That(pictures["filters/conv1"].Count(), Is.EqualTo(1));
        Assert.That(pictures["mistakes/1"].Single().Message(4).Integer(1), Is.EqualTo(16), "rows");
        string[] lines = values.Single(value => value.Text(1) == "mistakes/text_summary").Message(8).Text(8).Split('\n');
        Assert.That(lines, Has.Length.EqualTo(pictures.Count(group => group.Key.StartsWith("mistakes/", StringComparison.Ordinal))));
        const string name = "(dark|green|red)";
        foreach (string line in lines)
        {
            Match match = Regex.Match(line, $@"^    [1-8]\. .*{name}.*: {name}, taken for {name} \([0-9.]+ %\)$");
            Assert.That(match.Success, line);
            Assert.That(match.Groups[2].Value, Is.EqualTo(match.Groups[1].Value).And.Not.EqualTo(match.Groups[3].Value), line);
        }
    }

    /// <summary>Observing changes nothing.</summary>
    [Test]
    public void WeightsAreTheSameBits()
    {
        Train("plain", "--epochs", "2");
        Train("observed", "--epochs", "2", "--tensorboard");
        Assert.That(Directory.GetFiles(_folder["plain"], "events*"), Is.Empty);
        foreach ((string path, Tensor tensor) in ModelFile.Load(_folder["plain", "final.safetensors"]).Tensors)
            Assert.That(ModelFile.Load(_folder["observed", "final.safetensors"]).Tensors[path].Values, Is.EqualTo(tensor.Values), path);
    }

    /// <summary>A reader drops what the first file has beyond the step that the run goes on from.</summary>
    [Test]
    public void AResumedRunGoesOnInAFileOfItsOwn()
    {
        Train("resumed", "--epochs", "2", "--tensorboard", "--save-every", "8");
        // As if it had been killed after step 11: the checkpoint of step 8 is the newest.
        File.Delete(_folder["resumed", "final.safetensors"]);
        foreach (string checkpoint in Directory.GetFiles(_folder["resumed"], "checkpoint-*").Where(path => !path.Contains("000000008")))
            File.Delete(checkpoint);
        Succeed("train", "--resume", _folder["resumed"]);
        Assert.That(Directory.GetFiles(_folder["resumed"], "events*"), Has.Length.EqualTo(2));
        LoggedEvent start = EventReader.ReadFolder(_folder["resumed"]).Single(one => one.Fields.Has(7));
        Assert.That((start.Step, start.Fields.Message(7).Integer(1)), Is.EqualTo((9L, 1L)));
        Assert.That(Scalars("resumed", "train/step_loss").Select(point => point.Step), Is.EqualTo(Enumerable.Range(1, 12)));
        Assert.That(Scalars("resumed", "train/loss").Select(point => point.Step), Is.EqualTo(new[] { 6L, 12 }));
    }

    [Test]
    public void ARunWithoutItCanBeginItWhenItIsResumed()
    {
        Train("later", "--epochs", "1");
        Succeed("train", "--resume", _folder["later"], "--epochs", "2", "--tensorboard");
        Assert.That(Scalars("later", "train/loss").Select(point => point.Step), Is.EqualTo(new[] { 12L }));
    }

    [Test]
    public void TheConfigurationIsTextAndATableOfParameters()
    {
        Train("text", "--epochs", "1", "--tensorboard");
        ProtobufFields[] values = [.. EventReader.ReadFolder(_folder["text"]).SelectMany(one => one.Values)];
        string text = values.Single(value => value.Text(1) == "config/text_summary").Message(8).Text(8);
        Assert.That(text.Split('\n'), Is.All.StartsWith("    "));
        Assert.That(values.Single(value => value.Text(1) == "command/text_summary").Message(8).Text(8),
            Does.StartWith("    gpucnn train --model smallcnn"));
        Assert.That(text, Does.Contain("\"model\": \"smallcnn\"").And.Not.Contain("\"validated\""));

        ProtobufFields start = values.Single(value => value.Text(1) == "_hparams_/session_start_info").Message(9).Message(1);
        Assert.That(start.Text(1), Is.EqualTo("hparams"));
        Dictionary<string, ProtobufFields> parameters = new ProtobufFields(start.Bytes(2)).Message(3).Messages(1)
            .ToDictionary(entry => entry.Text(1), entry => entry.Message(2));
        Assert.That(parameters["model"].Text(3), Is.EqualTo("smallcnn"));
        Assert.That(parameters["learningRate"].Double(2), Is.EqualTo(0.01).Within(1e-6));
        Assert.That(parameters["batch"].Double(2), Is.EqualTo(6));
        Assert.That(parameters["optimizer.name"].Text(3), Is.EqualTo("sgd"));
        Assert.That(parameters["optimizer.nesterov"].Integer(4), Is.Zero);
        ProtobufFields end = values.Single(value => value.Text(1) == "_hparams_/session_end_info").Message(9).Message(1);
        Assert.That(new ProtobufFields(end.Bytes(2)).Message(4).Integer(1), Is.EqualTo(1), "success");
    }

    /// <summary>The disk is full from the beginning, after some steps, or at the first epoch's end.</summary>
    [Test]
    public void AFileThatCannotBeWrittenIsOneLineAndTrainingGoesOn([Values(0, 100, 400, 2000)] int room)
    {
        using CpuDevice device = new(threads: 1);
        using var model = Model.Create("linear", TinyData.Classes, device, Shape.Volume(3, 16, 16));
        var observer = new Failures();
        using EventLog log = new(() => new(new FullDisk(room)), model.Store(), new() { Histograms = 0 }, observer);
        TrainingOutcome outcome = model.Fit(ImageData.Open(_data), new() { Epochs = 3, Batch = 6, LearningRate = 0.01f }, log);
        log.End(isComplete: true, outcome.Step);
        Assert.That(outcome.End, Is.EqualTo(TrainingEnd.Completed));
        Assert.That(observer.Messages, Has.Count.EqualTo(1));
        Assert.That(observer.Messages[0], Does.Contain("TensorBoard").And.Contain("goes on").And.Contain("full").And.Not.Contain("\n"));
        Assert.That(observer.Epochs, Is.EqualTo(3));
    }

    [Test]
    public void MistakesAreOneLine()
    {
        Fail(Program.WrongUsage, ["train", "--data", _data, "--histograms", "2"], "--histograms belongs to --tensorboard");
        Fail(Program.WrongUsage, ["train", "--data", _data, "--tensorboard", "--histograms", "-1"], "--histograms", "0 or more");
        using CpuDevice device = new(threads: 1);
        using var model = Model.Create("linear", TinyData.Classes, device, Shape.Volume(3, 16, 16));
        OneLine.Thrown(() => model.Fit(ImageData.Open(_data), new() { Batch = 6, TensorBoard = new() }), "TensorBoard", "folder");
    }

    private void Train(string run, params string[] more) => Succeed(
    [
        "train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "6", "--schedule", "constant", "--warmup", "0",
        "--device", "cpu", "--out", _folder[run], .. more.Contains("--lr") ? [] : new[] { "--lr", "0.01" }, .. more,
    ]);

    /// <summary>The points of a curve as TensorBoard has them: a start drops those of its step and later.</summary>
    private List<(long Step, float Value)> Scalars(string run, string tag)
    {
        List<(long Step, float Value)> points = [];
        foreach (LoggedEvent one in EventReader.ReadFolder(_folder[run]))
        {
            if (one.Fields.Has(7)) points.RemoveAll(point => point.Step >= one.Step);
            points.AddRange(one.Values.Where(value => value.Text(1) == tag).Select(value => (one.Step, value.Float(2))));
        }
        return points;
    }

    private sealed class Failures : ITrainingObserver
    {
        public List<string> Messages { get; } = [];

        public int Epochs { get; private set; }

        public void ReportFailed(string message) => Messages.Add(message);

        public void EpochDone(EpochReport report) => Epochs++;
    }

    /// <summary>A file on a disk with little room, which writes at once.</summary>
    private sealed class FullDisk(int room) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > room) throw new IOException("The disk is full.\nNo space is left.");
            base.Write(buffer, offset, count);
        }
    }
}
