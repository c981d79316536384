using System.Text.Json;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Optimizers;

/// <summary>Rules that hold for every optimizer in the registry.</summary>
[TestFixtureSource(nameof(Names))]
public sealed class OptimizerContract(string name)
{
    private static readonly Shape Input = Shape.Volume(3, 6, 5);

    // At least one of them works: an optimizer may scale its steps by the weights or by the gradients' size.
    private static readonly float[] Rates = [10, 1, 0.1f, 0.01f];

    public static IEnumerable<string> Names => Registry<Optimizer>.Names;

    private Optimizer Made => Registry<Optimizer>.Find(name);

    private static Sequential Layers() => new()
    {
        { "conv", new Conv2d(5, 3) }, new Flatten(), { "fc", new Linear(7) },
    };

    private TestNetwork Make(Device device, Optimizer? optimizer = null)
    {
        var network = new TestNetwork(device, Layers(), Input,
            new PlanOptions { Images = 4, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = optimizer ?? Made });
        network.Parameters.Initialize(1);
        return network;
    }

    [Test]
    public void ItHasTestsOfItsOwn()
    {
        if (Made.GetType().Assembly != typeof(Optimizer).Assembly) return;
        IEnumerable<string> fixtures = typeof(OptimizerContract).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(OptimizerContract).Namespace).Select(type => type.Name);
        Assert.That(fixtures, Does.Contain($"{Made.GetType().Name}Tests"), "a fixture in Tests/Optimizers");
    }

    [Test]
    public void ItSaysWhatItIs()
    {
        Assert.That(Settings.Of(Made.GetType()).Select(setting => setting.Description), Is.All.EndsWith(".").And.All.Not.Contains("\n"));
        Assert.That(Made.Slots, Is.Unique.And.All.Match("^[a-z_]+$"));
    }

    [Test]
    public void ItReadsBackFromJson()
    {
        Optimizer made = Settings.With(Made, new Dictionary<string, object?> { ["max-filter-rms"] = 0.25f });
        string json = JsonSerializer.Serialize(made);
        Optimizer read = JsonSerializer.Deserialize<Optimizer>(json)!;
        Assert.That(read, Is.TypeOf(made.GetType()).With.Property("MaxFilterRms").EqualTo(0.25f));
        Assert.That(Settings.Describe(read), Is.EqualTo(Settings.Describe(made)));
        Assert.That(JsonSerializer.Serialize(read), Is.EqualTo(json));
    }

    /// <summary>The loss of one batch halves at a suitable rate, and every device follows the same path.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void ItLearnsAsOnTheCpu(DeviceUnderTest test)
    {
        const int Steps = 25;
        using var cpu = new CpuDevice(1);
        using Device device = test.Make();
        float rate = Rates.FirstOrDefault(rate => Losses(cpu, rate, Steps) is var losses && losses[^1] < 0.5 * losses[0]);
        Assert.That(rate, Is.Positive, $"no rate of {string.Join(", ", Rates)} halves the loss");

        // For few steps, rounding is not amplified, so the weights agree.
        using TestNetwork expected = Make(cpu), actual = Make(device);
        for (int step = 0; step < 3; step++)
        {
            expected.Plan.Train(expected.Batch, rate / 10, seed: 0, (ulong)step);
            actual.Plan.Train(actual.Batch, rate / 10, seed: 0, (ulong)step);
        }
        foreach (Parameter parameter in expected.Network.Parameters)
        {
            double[] weights = Numbers.ToDouble(expected.Weights(parameter.Path));
            Closeness.Check($"{test}: {parameter.Path}", actual.Weights(parameter.Path), weights, 1e-4 * weights.Max(Math.Abs));
        }
        double[] all = Losses(device, rate, Steps);
        Assert.That(all[^1], Is.LessThan(0.5 * all[0]), $"{test}: losses {string.Join(' ', all)}");
    }

    [Test]
    public void ThreadsDoNotChangeTheBits()
    {
        using CpuDevice one = new(1), two = new(2);
        using TestNetwork first = Make(one), second = Make(two);
        for (int step = 0; step < 3; step++)
        {
            first.Plan.Train(first.Batch, 0.01f, 0, (ulong)step);
            second.Plan.Train(second.Batch, 0.01f, 0, (ulong)step);
        }
        foreach (Parameter parameter in first.Network.Parameters)
            Closeness.CheckSameBits(parameter.Path, second.Weights(parameter.Path), first.Weights(parameter.Path));
    }

    [Test]
    public void ARateOfZeroKeepsTheWeights()
    {
        foreach (Device device in new Device[] { new CpuDevice(1), new DebugDevice() })
        {
            using (device)
            using (TestNetwork network = Make(device))
            {
                var before = network.Parameters.ExportWeights().ToDictionary();
                network.Plan.Train(network.Batch, 0, 0, 0);
                foreach ((string path, Tensor weights) in network.Parameters.ExportWeights())
                    Closeness.CheckSameBits($"{device.Name}: {path}", weights.Values, before[path].Values);
            }
        }
    }

    [Test]
    public void FixedWeightsStay()
    {
        foreach (Device device in new Device[] { new CpuDevice(1), new DebugDevice() })
        {
            using (device)
            {
                var network = new Network("test", Layers(), Input);
                network.Freeze(path => path.StartsWith("conv", StringComparison.Ordinal));
                using ParameterStore parameters = device.CreateParameters(network, training: true);
                using var plan = new Plan(parameters,
                    new() { Images = 4, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = Made });
                parameters.Initialize(1);
                var before = parameters.ExportWeights().ToDictionary();
                plan.Train(SyntheticImages(network), 0.1f, 0, 0);
                foreach ((string path, Tensor weights) in parameters.ExportWeights())
                {
                    bool isFixed = path.StartsWith("conv", StringComparison.Ordinal);
                    Assert.That(weights.Values.SequenceEqual(before[path].Values), Is.EqualTo(isFixed), $"{device.Name}: {path}");
                }
            }
        }
    }

    /// <summary>A filter above the limit is scaled to it, whatever the optimizer did.</summary>
    [Test]
    public void TheLimitOfFiltersHolds()
    {
        const float Limit = 0.05f;
        Optimizer limited = Settings.With(Made, new Dictionary<string, object?> { ["max-filter-rms"] = Limit });
        foreach (Device device in new Device[] { new CpuDevice(1), new DebugDevice() })
        {
            using (device)
            using (TestNetwork network = Make(device, limited))
            {
                network.Plan.Train(network.Batch, 1e-3f, 0, 0);
                float[] filters = network.Weights("conv.weight");
                double[] rms = [.. filters.Chunk(filters.Length / 5)
                    .Select(filter => Math.Sqrt(filter.Average(weight => (double)weight * weight)))];
                Assert.That(rms, Is.All.EqualTo(Limit).Within(1e-7), $"{device.Name}: He's start is above the limit");
            }
        }
    }

    [Test]
    public void BytesAreKnownBeforeTheyAreAllocated()
    {
        foreach (Device device in new Device[] { new CpuDevice(1), new DebugDevice() })
        {
            using (device)
            using (TestNetwork network = Make(device))
            {
                network.Plan.Train(network.Batch, 0.01f, 0, 0);
                Assert.That(device.AllocatedBytes, Is.EqualTo(network.Plan.TotalBytes), device.Name);
                long run = 4 * network.Parameters.Network.Learned.Sum(parameter => (long)parameter.Spec.Count);
                Assert.That(network.Parameters.Bytes, Is.GreaterThanOrEqualTo((2 + Made.Slots.Count) * run));
            }
        }
    }

    [Test]
    public void AStepAllocatesNothing()
    {
        using var device = new CpuDevice(1);
        using TestNetwork network = Make(device);
        for (int step = 0; step < 3; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 3; step < 13; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void StoppedAnywhereAndResumedItEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        byte[] straight = File.ReadAllBytes(Run(device, folder["straight"], Made, stop: null));
        foreach (int stop in new[] { 1, 5, 8, 11 })
        {
            Run(device, folder[$"stop{stop}"], Made, stop);
            Assert.That(File.ReadAllBytes(Run(device, folder[$"stop{stop}"], Made, stop: null)), Is.EqualTo(straight),
                $"stopped at step {stop}");
        }
    }

    [Test]
    public void ACheckpointOfAnotherIsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        Run(device, folder["run"], Made, stop: 3);
        Optimizer other = Registry<Optimizer>.All.First(known => known.Name != name);
        OneLine.Thrown(() => Run(device, folder["run"], other, stop: null), "checkpoint", $"of {name}", $"with {other.Name}");
    }

    private double[] Losses(Device device, float rate, int steps)
    {
        using TestNetwork network = Make(device);
        return [.. Enumerable.Range(0, steps).Select(step => network.Plan.Train(network.Batch, rate, seed: 0, (ulong)step).Loss)];
    }

    private static Batch SyntheticImages(Network network)
    {
        var batch = new Batch(network.Input, 4) { Count = 4 };
        Numbers.Reals(batch.Images.Length, seed: 5).CopyTo(batch.Images, 0);
        for (int i = 0; i < 4; i++) batch.Labels[i] = i;
        return batch;
    }

    /// <summary>Begins a run, or continues the folder's, to the end or to a step; returns the weights' file.</summary>
    private static string Run(CpuDevice device, string folder, Optimizer optimizer, int? stop)
    {
        var data = new PatternDataset(Input, 7, 30);
        var metadata = new ModelMetadata("test", Input, data.Classes, [0, 0, 0], [1, 1, 1], ImageFit.Pad);
        var settings = new TrainingSettings { Epochs = 2, Batch = 4, LearningRate = 0.01f, Optimizer = optimizer, Seed = 3 };
        bool isNew = !Directory.Exists(folder);
        RunDirectory run = isNew ? RunDirectory.Create(folder) : RunDirectory.Open(folder);
        if (isNew) run.WriteConfig("{}");
        using var trainer = new Trainer(new("test", Layers(), Input), device, data, null, settings, metadata, run);
        if (isNew) trainer.Initialize();
        else trainer.Resume();
        using var cancel = new CancellationTokenSource();
        return trainer.Run(new StopAt(stop, cancel), cancel.Token).WeightsPath!;
    }

    private sealed class StopAt(int? step, CancellationTokenSource source) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            if (report.Step == step) source.Cancel();
        }

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }
}
