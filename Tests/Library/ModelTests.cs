using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Cli;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

/// <summary>Models from C#, on tiny pictures.</summary>
public sealed class ModelTests
{
    private static readonly Shape Input = Shape.Volume(3, 16, 16);

    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(threads: 2);
    private ImageData _data = null!;

    [OneTimeSetUp]
    public void Prepare() => _data = ImageData.Open(TinyData.Write(_folder));

    [OneTimeTearDown]
    public void Remove()
    {
        Assert.That(_device.AllocatedBytes, Is.Zero, "bytes of models that were disposed of");
        _device.Dispose();
        _folder.Dispose();
    }

    private static FitOptions Options =>
        new() { Epochs = 2, Batch = 6, LearningRate = 0.02f, Optimizer = new Sgd(0.9f, 5e-4f) { Clip = 2 } };

    /// <summary>The same training as the command line's, in memory alone.</summary>
    [Test]
    public void FittingInMemoryGivesTheWeightsOfTheCommandLine()
    {
        CommandLine.Succeed("train", "--model", "smallcnn", "--data", _folder["data"], "--input", "3x16x16", "--batch", "6", "--epochs",
            "2", "--lr", "0.02",
            "--schedule", "constant", "--warmup", "0", "--augment", "none", "--device", "cpu", "--out", _folder["by-command"]);
        using Model model = New();
        TrainingOutcome outcome = model.Fit(_data, Options);
        Assert.That((outcome.End, outcome.WeightsPath, outcome.Step), Is.EqualTo((TrainingEnd.Completed, default(string), 12L)));
        AssertSame(model, _folder["by-command", "final.safetensors"]);
    }

    [Test]
    public void ASecondFitGoesOnFromTheWeights()
    {
        using Model model = New();
        EpochReport first = model.Fit(_data, Options).Last!, second = model.Fit(_data, Options with { Epochs = 8, Seed = 2 }).Last!;
        Assert.That(second.TrainLoss, Is.LessThan(first.TrainLoss * 0.8));
        Assert.That(model.Evaluate(_data).Top1, Is.GreaterThan(0.9));
    }

    [Test]
    public void ARunThatWasStoppedResumesToTheSameWeights([Values] bool fittedBefore)
    {
        string whole = _folder[$"whole-{fittedBefore}"], parts = _folder[$"parts-{fittedBefore}"];
        foreach ((string folder, int stopAt) in new[] { (whole, int.MaxValue), (parts, 4) })
        {
            using Model model = New();
            if (fittedBefore) model.Fit(_data, Options with { Epochs = 1 });
            using CancellationTokenSource stop = new();
            TrainingOutcome outcome = model.Fit(_data, Options with { Seed = 3, Folder = folder }, new StopAt(stopAt, stop), stop.Token);
            Assert.That(outcome.End, Is.EqualTo(stopAt == 4 ? TrainingEnd.Interrupted : TrainingEnd.Completed));
        }
        using Model resumed = Model.Resume(parts);
        AssertSame(resumed, Path.Combine(whole, "final.safetensors"));
        // From the start too, where its later checkpoints are gone.
        foreach (string file in Directory.GetFiles(parts, "checkpoint-*").Where(file => !file.Contains("-000000000"))) File.Delete(file);
        File.Delete(Path.Combine(parts, "final.safetensors"));
        if (fittedBefore && Directory.GetFiles(parts, "checkpoint-*").Length == 0) return;
        using Model again = Model.Resume(parts);
        AssertSame(again, Path.Combine(whole, "final.safetensors"));
    }

    [Test]
    public void FrozenParametersStayUntilTheyAreUnfrozen()
    {
        using Model model = New();
        model.Fit(_data, Options with { Epochs = 1 });
        Dictionary<string, Tensor> before = Weights(model);
        model.Freeze("conv1.*", "conv2.weight");
        model.Fit(_data, Options with { Epochs = 1 });
        Assert.That(Changed(before, Weights(model)), Has.No.Member("conv1.weight").And.No.Member("conv2.weight").And.Member("conv2.bias"));
        model.Unfreeze();
        model.Fit(_data, Options with { Epochs = 1 });
        Assert.That(Changed(before, Weights(model)), Has.Member("conv1.weight").And.Member("conv2.weight"));
        OneLine.Thrown(() => model.Freeze("cnv1.*"), "'cnv1.*'", "did you mean 'conv1.*'");
        OneLine.Thrown(() => model.Freeze("*"), "nothing is left to train");
    }

    /// <summary>Parts that were split off are opened again when the run resumes.</summary>
    [Test]
    public void AResumedRunHoldsOutTheSameImages()
    {
        ImageData split = ImageData.Open(_folder["data", "train"]).Split(validation: 0.25, seed: 7);
        Assert.That((split.Training.Count, split.Validation!.Count), Is.EqualTo((27, 9)));
        using (Model model = New()) model.Fit(split, Options with { Epochs = 1, Folder = _folder["split"] });
        using TrainingRun run = TrainingRun.Open(_folder["split"], new() { Epochs = 2 });
        using Model resumed = run.Model;
        Assert.That(Enumerable.Range(0, 9).Select(run.Data.Validation!.Name),
            Is.EqualTo(Enumerable.Range(0, 9).Select(split.Validation.Name)));
    }

    [Test]
    public void ImagesInMemoryTrainAndResume()
    {
        ImageSplit files = _data.Training;
        PixelImage[] images = [.. Enumerable.Range(0, files.Count).Select(files.Read)];
        ImageData memory = ImageData.Of(new MemorySplit("pictures", files.Classes, files.Labels, images, "pictures"));
        using Model model = New();
        model.Fit(memory, Options with { Folder = _folder["memory"] });
        AssertPredicts(model, images[0]);
        OneLine.Thrown(() => Model.Resume(_folder["memory"], new() { Epochs = 3 }).Dispose(), "in memory", "give them");
        using Model resumed = Model.Resume(_folder["memory"], new() { Epochs = 3, Data = memory });
        Assert.That(Changed(Weights(model), Weights(resumed)), Is.Not.Empty);
    }

    [Test]
    public void PredictionsOfFilesFoldersAndImagesAgree()
    {
        using Model model = New();
        model.Fit(_data, Options);
        string folder = _folder["data", "val", "red"];
        IReadOnlyList<ImagePrediction> all = [.. model.PredictFolder(folder)];
        string[] files = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
        Assert.That(all.Select(prediction => prediction.Name), Is.EqualTo(files));
        Assert.That(model.Predict(files).Select(prediction => prediction.Best), Is.EqualTo(all.Select(prediction => prediction.Best)));
        ImagePrediction one = model.Predict(files[2]), decoded = model.Predict(ImageFile.Read(files[2]));
        Assert.That(one.Logits, Is.EqualTo(all[2].Logits).Within(1e-5));
        Assert.That(decoded.Logits, Is.EqualTo(one.Logits));
        Assert.That(model.Logits(files[2]), Is.EqualTo(one.Logits));
        Assert.That(one.Classes.Sum(candidate => candidate.Probability), Is.EqualTo(1).Within(1e-9));
        Assert.That(one.Classes.Select(candidate => candidate.Probability), Is.Ordered.Descending);
        Assert.That(one.Best.ToString(), Does.Match(@"^red \d+\.\d %$"));

        List<string> skipped = [];
        Assert.That(model.Predict([files[0], _folder["none.png"], files[1]], (file, _) => skipped.Add(file)), Has.Count.EqualTo(2));
        Assert.That(skipped, Is.EqualTo(new[] { _folder["none.png"] }));
        OneLine.Thrown(() => model.Predict(_folder["none.png"]), "none.png");
        OneLine.Thrown(() => model.Predict(folder), "is a folder", "PredictFolder");
        OneLine.Thrown(() => model.PredictFolder(_folder["no"]), "no folder");
    }

    [Test]
    public void SavedModelsLoadWithTheirClassesAndPreparation()
    {
        using Model model = New();
        model.Preparation = model.Preparation with { ResizeTo = 20, IgnoresExif = true };
        model.Fit(_data, Options with { Epochs = 1 });
        model.Save(_folder["saved.safetensors"]);
        using Model loaded = Model.Load(_folder["saved.safetensors"], _device);
        Assert.That(loaded.Classes, Is.EqualTo(TinyData.Classes));
        Assert.That(loaded.Metadata.Mean, Is.EqualTo(model.Metadata.Mean));
        Assert.That((loaded.Preparation.ResizeTo, loaded.Preparation.IgnoresExif, loaded.Input), Is.EqualTo((20, true, Input)));
        AssertSame(loaded, _folder["saved.safetensors"]);
        Assert.That(Model.Evaluate([model, loaded], _data).Loss, Is.EqualTo(model.Evaluate(_data).Loss).Within(1e-5));

        using Model other = Model.Load(_folder["saved.safetensors"], _device, classes: ["a", "b"]);
        Assert.That(other.Reinitialized, Is.EqualTo(new[] { "fc.weight", "fc.bias" }));
        Assert.That(Weights(other)["conv1.weight"].Values, Is.EqualTo(Weights(model)["conv1.weight"].Values));
        Assert.That(Weights(other)["fc.weight"].Dimensions, Is.EqualTo(new[] { 2, 64 }));
        OneLine.Thrown(() => other.Fit(_data, Options), "'a', 'b'", "'dark'", "the classes of the data set");
        OneLine.Thrown(() => Model.Evaluate([model, other], _data), "the same classes");
    }

    [Test]
    public void AStateDictGivesWeights()
    {
        using Model source = New();
        source.Save(_folder["state.pth"]);
        using Model model = Model.FromTorch("smallcnn", _folder["state.pth"], ["x", "y", "z"], _device, Input);
        Assert.That(Changed(Weights(source), Weights(model)), Is.Empty);
        Assert.That(model.Preparation.Mean, Is.EqualTo(ImagePreparation.ImageNetMean));
        using Model two = Model.FromTorch("smallcnn", _folder["state.pth"], ["x", "y"], _device, Input);
        Assert.That(two.Reinitialized, Is.EqualTo(new[] { "fc.weight", "fc.bias" }));
        OneLine.Thrown(() => Model.FromTorch("resnet18", _folder["state.pth"], device: _device).Dispose(), "does not fit resnet18",
            "looks like smallcnn");
    }

    [Test]
    public void ANetworkOfOnesOwnTrainsSavesLoadsAndResumes()
    {
        Sequential layers = new() { { "conv", new Conv2d(8, 3, padding: 1) }, new ReLU(), new GlobalAvgPool2d(), new Flatten(),
            { "fc", new Linear(3) } };
        using Model model = Model.Create(layers, Input, _data.Classes, _device, "mine");
        model.Fit(_data, Options with { Folder = _folder["mine"] });
        model.Save(_folder["mine.safetensors"]);
        using Model loaded = Model.Load(_folder["mine.safetensors"], layers, _device);
        AssertSame(loaded, _folder["mine", "final.safetensors"]);
        using Model resumed = Model.Resume(_folder["mine"], layers, new() { Epochs = 3 });
        Assert.That(resumed.Name, Is.EqualTo("mine"));
        OneLine.Thrown(() => Model.Load(_folder["mine.safetensors"]).Dispose(), "'mine'", "none of the known models");
        OneLine.Thrown(() => Model.Create(layers, Input, ["one"], _device).Dispose(), "3 outputs", "1 classes");
    }

    [Test]
    public void AnObserverOverridesWhatItWantsToKnow()
    {
        var epochs = new Epochs();
        using Model model = New();
        model.Fit(_data, Options, epochs);
        Assert.That(epochs.Seen, Is.EqualTo(new[] { 1, 2 }));
    }

    private Model New() => Model.Create("smallcnn", _data.Classes, _device, Input);

    private static Dictionary<string, Tensor> Weights(Model model) => model.Store().ExportWeights().ToDictionary();

    private static IEnumerable<string> Changed(Dictionary<string, Tensor> before, Dictionary<string, Tensor> after) =>
        before.Where(weights => !weights.Value.Values.SequenceEqual(after[weights.Key].Values)).Select(weights => weights.Key).ToList();

    private static void AssertSame(Model model, string file)
    {
        Dictionary<string, Tensor> weights = Weights(model);
        IReadOnlyDictionary<string, Tensor> saved = ModelFile.Load(file).Tensors;
        Assert.That(weights.Keys, Is.EquivalentTo(saved.Keys));
        foreach ((string path, Tensor tensor) in weights) Assert.That(tensor.Values, Is.EqualTo(saved[path].Values), path);
    }

    private static void AssertPredicts(Model model, PixelImage image) =>
        Assert.That(model.Predict(image).Best.Probability, Is.InRange(1 / 3.0, 1));

    private sealed class Epochs : ITrainingObserver
    {
        public List<int> Seen { get; } = [];

        public void EpochDone(EpochReport report) => Seen.Add(report.Epoch);
    }

    private sealed class StopAt(long step, CancellationTokenSource source) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            if (report.Step == step) source.Cancel();
        }
    }
}
