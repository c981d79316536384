using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;
using NUnit.Framework;

namespace GpuCnn.Tests.Tuning;

/// <summary>Every step of a plan is measured once, and stands at the layer and the pass that it is for.</summary>
public sealed class StepTimesTests
{
    private const int Images = 3;

    private static Network Small() => new("small", new Sequential
    {
        { "conv", new Conv2d(8, 3, padding: 1) }, { "norm", new BatchNorm2d() }, new ReLU(), { "next", new Conv2d(16, 3, padding: 1) },
        new ReLU(), { "pool", new MaxPool2d(2, 2) }, new Flatten(), { "fc", new Linear(5) },
    }, Shape.Volume(3, 8, 8));

    private static readonly PlanOptions Training =
        new() { Images = Images, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() };

    private static Device Open(string kind) => kind == "debug" ? new DebugDevice() : new CpuDevice(1);

    [Test]
    public void ATrainingStepIsMeasuredByLayerAndPass([Values("cpu", "debug")] string kind)
    {
        using Device device = Open(kind);
        var times = StepTimes.Measure(Small(), device, Training, fewest: 2);
        string[] rows = [.. times.Layers.Select(layer => $"{layer.Layer}: {layer.Pass}")];
        Assert.That(rows, Is.Unique);
        foreach (string layer in (string[])["conv", "norm", "next", "pool", "fc"]) Assert.That(rows, Does.Contain($"{layer}: Forward"));
        foreach (string layer in (string[])["norm", "next", "pool", "fc"]) Assert.That(rows, Does.Contain($"{layer}: BackwardData"));
        foreach (string layer in (string[])["conv", "next", "fc"]) Assert.That(rows, Does.Contain($"{layer}: BackwardWeights"));
        Assert.That(rows, Does.Not.Contain("conv: BackwardData"), "nothing needs the gradient of the images");
        Assert.That(rows, Does.Not.Contain("pool: BackwardWeights"));
        Assert.That(rows, Does.Contain("loss: Loss").And.Contain("update: Update"));
        // Of the second convolution both gradients start at that of its activation; of the norm they share their sums.
        Assert.That(rows, Does.Contain("next: Backward").And.Contain("norm: Backward"));
        Assert.That(times.Layers.Single(layer => layer is { Layer: "next", Pass: StepPass.Forward }).Type, Is.EqualTo("Conv2d + ReLU"));
        Assert.That(times.Layers.SelectMany(layer => layer.Steps).Select(step => step.Seconds), Is.All.Positive);
        Assert.That(times.SumSeconds, Is.EqualTo(times.Layers.Sum(layer => layer.Seconds)).Within(1e-12).And.Positive);
        Assert.That(times.WholeSeconds, Is.Positive);
        Assert.That(times.Repetitions, Is.GreaterThanOrEqualTo(2));
        Assert.That(device.AllocatedBytes, Is.Zero);
    }

    [Test]
    public void EveryStepOfThePlanIsMeasuredOnce([Values("cpu", "debug")] string kind, [Values] bool trains)
    {
        using Device device = Open(kind);
        PlanOptions options = trains ? Training : new() { Images = Images };
        using ParameterStore parameters = device.CreateParameters(Small(), trains);
        using var plan = new Plan(parameters, options);
        var times = StepTimes.Measure(Small(), device, options, fewest: 1);
        Assert.That(times.Layers.SelectMany(layer => layer.Steps).Select(step => step.Name), Is.EquivalentTo(plan.Steps));
        Assert.That(times.StepCount, Is.EqualTo(plan.Steps.Count));
        Assert.That(plan.Parts.SelectMany(part => Enumerable.Range(part.First, part.End - part.First)),
            Is.EqualTo(Enumerable.Range(0, plan.Steps.Count)));
        if (!trains) Assert.That(times.Layers.Select(layer => layer.Pass), Is.All.EqualTo(StepPass.Forward));
    }

    /// <summary>Each pass of a convolution multiplies as often; a max pool multiplies nothing.</summary>
    [Test]
    public void OperationsAreTwiceTheMultiplyAddsOfEachPass()
    {
        using var device = new CpuDevice(1);
        var times = StepTimes.Measure(Small(), device, Training, fewest: 1);
        // 16 filters of 8 channels and 3x3 over 8x8 positions.
        const double Next = 2.0 * Images * 16 * 8 * 9 * 64;
        foreach (StepPass pass in (StepPass[])[StepPass.Forward, StepPass.BackwardData, StepPass.BackwardWeights])
            Assert.That(Row("next", pass).Operations, Is.EqualTo(Next), $"{pass}");
        Assert.That(Row("next", StepPass.Backward).Operations, Is.Zero);
        Assert.That(Row("pool", StepPass.Forward).Operations, Is.Zero);
        Assert.That(Row("fc", StepPass.Forward).Operations, Is.EqualTo(2.0 * Images * 16 * 16 * 5));

        LayerTime Row(string layer, StepPass pass) => times.Layers.Single(row => row.Layer == layer && row.Pass == pass);
    }

    /// <summary>An activation reads its input and writes its output.</summary>
    [Test]
    public void BytesAreThoseThatAStepReadsAndWrites([Values("cpu", "debug")] string kind)
    {
        using Device device = Open(kind);
        var network = new Network("relu", new Sequential { { "relu", new ReLU() } }, Shape.Volume(8, 10, 10));
        var times = StepTimes.Measure(network, device, new() { Images = Images }, fewest: 1);
        Assert.That(times.Layers.Single(layer => layer.Layer == "relu").Bytes, Is.EqualTo(2L * 4 * Images * 8 * 10 * 10));
    }

    /// <summary>A branch of a concatenation is a part of the whole, and moves only its own channels.</summary>
    [Test]
    public void ABranchMovesItsOwnChannels([Values("cpu", "debug")] string kind)
    {
        using Device device = Open(kind);
        var network = new Network("branches", new Sequential
        {
            { "first", new Conv2d(8, 1) },
            { "split", new Branches { { "small", new MaxPool2d(3, 1, 1) }, { "large", new Conv2d(24, 1) } } },
            new Flatten(), { "fc", new Linear(2) },
        }, Shape.Volume(8, 6, 6));
        var times = StepTimes.Measure(network, device, new() { Images = Images }, fewest: 1);
        Assert.That(times.Layers.Single(layer => layer.Layer == "split.small").Bytes, Is.EqualTo(2L * 4 * Images * 8 * 36));
    }

    [Test]
    public void FrozenLayersHaveNoGradientToMeasure()
    {
        using var device = new CpuDevice(1);
        Network network = Small();
        network.Freeze(path => path.StartsWith("conv.", StringComparison.Ordinal) || path.StartsWith("norm.", StringComparison.Ordinal));
        var times = StepTimes.Measure(network, device, Training, fewest: 1);
        Assert.That(times.Layers.Where(layer => layer.Layer is "conv" or "norm").Select(layer => layer.Pass),
            Is.All.EqualTo(StepPass.Forward));
    }

    [Test]
    public void ARunsSettingsAreMeasuredWithItsOptimizer()
    {
        using var device = new CpuDevice(1);
        var settings = new TrainingSettings { Batch = 4, Optimizer = new AdamW(), Ema = 0.9f, Mixup = 0.2f, Accumulate = 3 };
        var times = StepTimes.MeasureTraining(Small(), device, settings, fewest: 1);
        Assert.That(times.Images, Is.EqualTo(4));
        Assert.That(times.Layers.Single(layer => layer.Pass == StepPass.Update).Steps.Select(step => step.Name),
            Does.Contain("adamw").And.Contain("average"));
    }

    [Test]
    public void CancellingEndsBetweenRepetitions()
    {
        using var device = new CpuDevice(1);
        Assert.That(() => StepTimes.Measure(Small(), device, Training, fewest: 1, new CancellationToken(true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(device.AllocatedBytes, Is.Zero);
    }
}
