using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>A moving average of the weights is kept on the device, validated, saved and resumed.</summary>
public sealed class AverageTests
{
    private const float Decay = 0.75f;

    private static readonly Shape Input = Shape.Volume(1, 8, 8);
    private static readonly PatternDataset Training = new(Input, 4, 70), Validation = new(Input, 4, 30);

    /// <summary>average = decay average + (1 - decay) weight in float64, from a copy after the first step; counters are copied.</summary>
    [Test]
    public void AveragesFollowWeightsAndStatistics(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(1, 2)] int accumulate)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, Layers(), Input,
            new()
            {
                Images = 4,
                Accumulate = accumulate,
                Training = true,
                Loss = new SoftmaxCrossEntropy(),
                Optimizer = new Sgd(),
                AverageDecay = Decay,
            });
        network.Parameters.Initialize(1);
        Parameter[] parameters = [.. network.Network.Parameters];
        double[][] expected = new double[parameters.Length][];
        for (int step = 0; step < 4; step++)
        {
            network.Plan.Train(network.Batch, 0.1f, 0, (ulong)step);
            for (int i = 0; i < parameters.Length; i++)
            {
                double[] weights = Numbers.ToDouble(network.Weights(parameters[i].Path));
                bool isCopied = step == 0 || parameters[i].Spec.Dimensions.Count == 0;
                expected[i] = isCopied ? weights : [.. weights.Select((w, k) => Decay * expected[i][k] + (1 - Decay) * w)];
                Closeness.Check($"{test}: {parameters[i]} after step {step}", network.Parameters.GetAverage(parameters[i]).Values,
                    expected[i], Closeness.Tolerance(4 * (step + 1), test.Rounding, expected[i]));
            }
        }
        Assert.That(device.AllocatedBytes, Is.EqualTo(network.Plan.TotalBytes), "bytes are known before");
        using var inferring = new Plan(network.Parameters,
            new() { Images = 4 * accumulate, Loss = new SoftmaxCrossEntropy(), ReadsAverages = true });
        BatchResult averaged = inferring.Evaluate(network.Batch);
        foreach (Parameter parameter in parameters) network.Parameters.SetWeights(parameter, network.Parameters.GetAverage(parameter));
        using var plain = new Plan(network.Parameters, new() { Images = 4 * accumulate, Loss = new SoftmaxCrossEntropy() });
        Assert.That(averaged, Is.EqualTo(plain.Evaluate(network.Batch)), $"{test}: a plan of the averages");
    }

    [Test]
    public void AStepAllocatesNothing()
    {
        using var device = new CpuDevice(1);
        using var network = new TestNetwork(device, Layers(), Input,
            new() { Images = 4, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd(), AverageDecay = Decay });
        network.Parameters.Initialize(1);
        for (int step = 0; step < 3; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 3; step < 13; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    /// <summary>The weights of a run are those of a run without an average; the file of the average gives the validation told.</summary>
    [Test]
    public void ARunTellsBothAndSavesBoth()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        Run(device, folder["plain"], 0, null, resume: false);
        EpochReport last = Run(device, folder["both"], Decay, null, resume: false).Last!;
        Assert.That(File.ReadAllBytes(folder["both", "final.safetensors"]),
            Is.EqualTo(File.ReadAllBytes(folder["plain", "final.safetensors"])));
        Assert.That(File.Exists(folder["plain", "ema.safetensors"]), Is.False);
        Assert.That(last.AverageValidation!.Loss, Is.Not.EqualTo(last.Validation!.Loss));
        var network = new Network("test", Layers(), Input);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        string path = folder["both", "ema.safetensors"];
        WeightsFile.LoadInto(parameters, ModelFile.Load(path), path);
        using var plan = new Plan(parameters, new() { Images = 8, Loss = new SoftmaxCrossEntropy() });
        Assert.That(Evaluation.Run(plan, Validation).Loss, Is.EqualTo(last.AverageValidation.Loss));
        string[] metrics = File.ReadAllLines(folder["both", "metrics.csv"]);
        Assert.That(metrics[0], Does.EndWith(",seconds,emaLoss,emaTop1"));
        Assert.That(metrics.Select(row => row.Split(',').Length), Is.All.EqualTo(12));
    }

    [TestCase(3)]
    [TestCase(8)]
    public void StoppedAndResumedItEndsWithTheSameBits(int stop)
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        Run(device, folder["straight"], Decay, null, resume: false);
        Run(device, folder["stopped"], Decay, stop, resume: false);
        Run(device, folder["stopped"], Decay, null, resume: true);
        foreach (string file in new[] { "final.safetensors", "ema.safetensors" })
            Assert.That(File.ReadAllBytes(folder["stopped", file]), Is.EqualTo(File.ReadAllBytes(folder["straight", file])), file);
    }

    private static Sequential Layers() => new()
    {
        { "conv", new Conv2d(5, 3) }, { "norm", new BatchNorm2d() }, new ReLU(), new Flatten(), { "fc", new Linear(4) },
    };

    private static TrainingOutcome Run(CpuDevice device, string folder, float decay, int? stop, bool resume)
    {
        RunDirectory run = resume ? RunDirectory.Open(folder) : RunDirectory.Create(folder);
        if (!resume) run.WriteConfig("{}");
        var settings = new TrainingSettings { Epochs = 2, Batch = 8, LearningRate = 0.05f, Seed = 5, Steps = stop, Ema = decay };
        var metadata = new ModelMetadata("test", Input, Training.Classes, [0], [1], ImageFit.Pad);
        using var trainer = new Trainer(new("test", Layers(), Input), device, Training, Validation, settings, metadata, run);
        if (resume) trainer.Resume();
        else trainer.Initialize();
        return trainer.Run(new Silent(), CancellationToken.None);
    }

    private sealed class Silent : ITrainingObserver;
}
