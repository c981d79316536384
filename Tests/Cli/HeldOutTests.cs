using System.Formats.Tar;
using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Training;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Images that training held out stay apart when its weights are judged.</summary>
public sealed class HeldOutTests
{
    private const int PerClass = 20, All = 60, HeldOut = 6;

    private readonly TemporaryFolder _folder = new();
    private string _data = "", _run = "", _final = "";

    [OneTimeSetUp]
    public void Train()
    {
        _data = NoiseData.Write(_folder["data"], PerClass);
        _run = _folder["run"];
        _final = Path.Combine(_run, "final.safetensors");
        NoiseData.Train(_data, _run);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void EvalAfterTrainGivesTheAccuracyOfTheRun()
    {
        AssertHeldOut(_data, All);
        string text = Succeed("eval", "--weights", _final, "--data", _data, "--device", "cpu").Output;
        Assert.That(text, Does.Contain("the 6 images that training validated on, of 60 here").And.Contain("95 % interval"));
        Assert.That(text, Does.Contain(_final).And.Not.Contain("Top-5"));
    }

    /// <summary>The folder of a run stands for its best epoch.</summary>
    [Test]
    public void TheBestWeightsHaveTheBestAccuracyOfTheRun()
    {
        double[] all = [.. File.ReadAllLines(Path.Combine(_run, "metrics.csv")).Skip(1)
            .Select(row => double.Parse(row.Split(',')[6], System.Globalization.CultureInfo.InvariantCulture))];
        JsonElement result = EvalOf(_run, _data);
        Assert.That(result.GetProperty("weights")[0].GetString(), Is.EqualTo(Path.Combine(_run, "best.safetensors")));
        Assert.That(result.GetProperty("top1").GetDouble(), Is.EqualTo(all.Max()).Within(1e-9));
    }

    /// <summary>Learned by heart, the images trained on raise the accuracy far above that of the others.</summary>
    [Test]
    public void AllMeasuresEverythingAndSaysWhatWasTrainedOn()
    {
        JsonElement all = EvalOf(_final, _data, "--all"), trained = EvalOf(_final, _data, "--split", "train");
        Assert.That(Images(all), Is.EqualTo(("all", All)));
        Assert.That(all.GetProperty("trainedShare").GetDouble(), Is.EqualTo(0.9));
        Assert.That(Images(trained), Is.EqualTo(("training", All - HeldOut)));
        Assert.That(trained.GetProperty("trainedShare").GetDouble(), Is.EqualTo(1));
        Assert.That(trained.GetProperty("top1").GetDouble(), Is.EqualTo(1));
        Assert.That(all.GetProperty("top1").GetDouble(), Is.EqualTo(0.9 + 0.1 * NoiseData.Validated(_run).Top1).Within(1e-9));
        Assert.That(Succeed("eval", "--weights", _final, "--data", _data, "--all").Output, Does.Contain("90.0 % of them were trained on"));
    }

    [Test]
    public void MovedCopiedRenamedAndGrownFoldersHaveTheSameImages()
    {
        string copy = NoiseData.Write(_folder["elsewhere", "copy"], PerClass);
        AssertHeldOut(copy, All);
        // Other names, hence another order.
        foreach (string file in Directory.GetFiles(copy, "*.png", SearchOption.AllDirectories))
            File.Move(file, Path.Combine(Path.GetDirectoryName(file)!, $"{999 - int.Parse(Path.GetFileNameWithoutExtension(file))}.png"));
        AssertHeldOut(copy, All);
        // New images, and copies of old ones.
        string more = NoiseData.Write(_folder["more"], 30, seed: 2);
        foreach (string name in NoiseData.Classes)
        {
            foreach (string file in Directory.GetFiles(Path.Combine(more, name)))
                File.Move(file, Path.Combine(copy, name, $"new{Path.GetFileName(file)}"));
            File.Copy(Path.Combine(copy, name, "999.png"), Path.Combine(copy, name, "copy.png"));
        }
        AssertHeldOut(copy, All + 90 + 3);
        Directory.Delete(Path.Combine(copy, "a"), recursive: true);
        Assert.That(Images(Eval(copy)), Is.EqualTo(("heldOut", 4)));
        Assert.That(Succeed("eval", "--weights", _final, "--data", copy).Output,
            Does.Contain("4 of the 6 images that training validated on"));
    }

    [Test]
    public void ShardsHaveTheSameImages()
    {
        TarFile.CreateFromDirectory(_data, _folder["data.tar"], includeBaseDirectory: false);
        AssertHeldOut(_folder["data.tar"], All);
    }

    [Test]
    public void ImagesTrainedOnAreNamedWhereNoneWereHeldOut()
    {
        string trained = Directory.CreateDirectory(_folder["trained", "a"]).FullName;
        string[] seen = [.. Directory.GetFiles(Path.Combine(_data, "a")).Where(file => !IsHeldOut(file)).Take(6)];
        foreach (string file in seen) File.Copy(file, Path.Combine(trained, Path.GetFileName(file)));
        JsonElement result = Eval(_folder["trained"]);
        Assert.That(Images(result), Is.EqualTo(("all", 6)));
        Assert.That(result.GetProperty("trainedShare").GetDouble(), Is.EqualTo(1));
        Fail(Program.Failed, ["eval", "--weights", _final, "--data", _folder["trained"], "--split", "val"], "validated on", "none of them");
        // Images that are new.
        result = Eval(NoiseData.Write(_folder["new"], 2, seed: 9));
        Assert.That((Images(result), result.GetProperty("trainedShare").GetDouble()), Is.EqualTo((("all", 6), 0.0)));
    }

    [Test]
    public void AResumedRunKeepsItsImages()
    {
        NoiseData.Train(_data, _folder["stopped"], "--steps", "4");
        Succeed("train", "--resume", _folder["stopped"], "--epochs", "30");
        JsonElement result = EvalOf(_folder["stopped", "final.safetensors"], _data);
        Assert.That(Images(result), Is.EqualTo(("heldOut", HeldOut)));
        Assert.That(result.GetProperty("top1").GetDouble(), Is.EqualTo(NoiseData.Validated(_folder["stopped"]).Top1).Within(1e-9));
    }

    /// <summary>Another seed holds out images that the weights to start from were trained on.</summary>
    [TestCase("1", "")]
    [TestCase("2", "[0-9.]+ % of the validation images were trained on before")]
    public void StartingFromWeightsThatKnowTheImagesIsAWarning(string seed, string warning)
    {
        string output = NoiseData.Train(_data, _folder[$"from-{seed}"], "--epochs", "2", "--seed", seed, "--weights", _run);
        if (warning == "") Assert.That(output, Does.Not.Contain("Warning"));
        else Assert.That(output, Does.Match($"(?m)^Warning   {warning}"));
        Assert.That(Images(EvalOf(_folder[$"from-{seed}"], _data)), Is.EqualTo(("heldOut", HeldOut)));
    }

    /// <summary>Weights that no run of this program trained.</summary>
    [Test]
    public void WeightsThatListNoImagesAreJudgedByAll()
    {
        using (CpuDevice device = new(threads: 1))
        using (var model = Model.Create("linear", NoiseData.Classes, device, Engine.Tensors.Shape.Volume(3, 8, 8)))
            model.Save(_folder["drawn.safetensors"]);
        JsonElement result = EvalOf(_folder["drawn.safetensors"], _data);
        Assert.That(Images(result), Is.EqualTo(("all", All)));
        Assert.That(result.TryGetProperty("trainedShare", out _), Is.False);
        foreach (string split in new[] { "train", "val" })
        {
            Fail(Program.Failed, ["eval", "--weights", _folder["drawn.safetensors"], "--data", _data, "--split", split],
                "drawn.safetensors", "weights that do not list them");
        }
    }

    /// <summary>Runs that held out different images have few in common, or none.</summary>
    [Test]
    public void AnEnsembleIsJudgedByWhatNoneWasTrainedOn()
    {
        NoiseData.Train(_data, _folder["other"], "--seed", "2", "--epochs", "2", "--weights",
            _final);
        JsonElement same = EvalOf($"{_final},{_final}", _data), both = EvalOf($"{_final},{_folder["other"]}", _data);
        Assert.That(Images(same), Is.EqualTo(("heldOut", HeldOut)));
        Assert.That(both.GetProperty("images").GetInt32(), Is.Not.EqualTo(HeldOut));
        Assert.That(both.GetProperty("measured").GetString() == "all", Is.EqualTo(both.GetProperty("images").GetInt32() == All));
    }

    [Test]
    public void TheLibraryJudgesByTheSameImages()
    {
        using CpuDevice device = new(threads: 1);
        var bare = ImageData.Open(_data);
        using (var model = Model.Load(_final, device)) Judge(model, NoiseData.Validated(_run).Top1);
        using var fitted = Model.Create("linear", NoiseData.Classes, device, Engine.Tensors.Shape.Volume(3, 8, 8));
        EvaluationResult last = fitted.Fit(bare.WithValidation(3), new() { Epochs = 3, Batch = 6, LearningRate = 0.01f }).Last!.Validation!;
        Judge(fitted, last.Top1);
        fitted.Save(_folder["fitted.safetensors"]);
        using var loaded = Model.Load(_folder["fitted.safetensors"], device);
        Judge(loaded, last.Top1);

        void Judge(Model model, double top1)
        {
            EvaluationResult result = model.Evaluate(bare);
            Assert.That((result.Images, result.Top1), Is.EqualTo((HeldOut, top1)));
            Assert.That(model.Evaluate(bare, new() { Part = EvaluationPart.All }).Images, Is.EqualTo(All));
            Assert.That(model.Evaluate(bare, new() { Part = EvaluationPart.Training }).Images, Is.EqualTo(All - HeldOut));
            Assert.That(EvaluationImages.Choose([model], bare, EvaluationPart.All).TrainedShare, Is.EqualTo(0.9));
        }
    }

    /// <summary>The names of the images: none is in both.</summary>
    private bool IsHeldOut(string file)
    {
        using CpuDevice device = new(threads: 1);
        using var model = Model.Load(_final, device);
        var images = EvaluationImages.Choose([model], ImageData.Open(_data));
        return Enumerable.Range(0, images.Split.Count).Any(i => images.Split.Name(i) == file);
    }

    private void AssertHeldOut(string data, int available)
    {
        JsonElement result = Eval(data);
        (double top1, double loss) = NoiseData.Validated(_run);
        Assert.That(Images(result), Is.EqualTo(("heldOut", HeldOut)));
        Assert.That(result.GetProperty("available").GetInt32(), Is.EqualTo(available));
        Assert.That(result.GetProperty("top1").GetDouble(), Is.EqualTo(top1).Within(1e-9));
        Assert.That(result.GetProperty("loss").GetDouble(), Is.EqualTo(loss).Within(1e-6));
        Assert.That(result.GetProperty("trainedShare").GetDouble(), Is.Zero);
    }

    private JsonElement Eval(string data) => EvalOf(_final, data);

    private static JsonElement EvalOf(string weights, string data, params string[] more) =>
        Succeed(["eval", "--weights", weights, "--data", data, "--device", "cpu", "--json", .. more]).Json;

    private static (string?, int) Images(JsonElement result) =>
        (result.GetProperty("measured").GetString(), result.GetProperty("images").GetInt32());
}
