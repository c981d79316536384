using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Small batches whose gradients are accumulated train like one large batch.</summary>
public sealed class AccumulationTests
{
    private static readonly Shape Input = Shape.Volume(3, 8, 7);

    /// <summary>Whole and partial batches: 5 images are 2 + 2 + 1, and 3 are 2 + 1.</summary>
    [Test]
    public void GradientsAreThoseOfOneLargeBatch(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(6, 5, 3, 1)] int images)
    {
        using Device device = test.Make();
        using TestNetwork whole = Make(device, 6, 1, new Sgd()), parts = Make(device, 2, 3, new Sgd());
        foreach (TestNetwork network in new[] { whole, parts })
        {
            network.Batch.Count = images;
            network.Batch.Labels.AsSpan(images).Fill(-1);
        }
        BatchResult expected = whole.Plan.ComputeGradients(whole.Batch), actual = parts.Plan.ComputeGradients(parts.Batch);
        Assert.That(actual.LossSum, Is.EqualTo(expected.LossSum).Within(1e-5 * expected.LossSum));
        Assert.That((actual.Images, actual.Top1, actual.Top5), Is.EqualTo((expected.Images, expected.Top1, expected.Top5)));
        Assert.That(actual.Images, Is.EqualTo(images));
        foreach (Parameter parameter in whole.Network.Parameters)
        {
            double[] gradient = Numbers.ToDouble(whole.Gradient(parameter.Path));
            Closeness.Check($"{test}: {parameter.Path}", parts.Gradient(parameter.Path), gradient, 1e-5 * gradient.Max(Math.Abs));
        }
    }

    /// <summary>
    /// Whatever the optimizer: steps, decay and clipping count updates. AdamW's first steps divide by the gradient's own size, so that a
    /// rounding of a tiny gradient moves a weight by a share of the rate.
    /// </summary>
    [Test]
    public void UpdatesAreThoseOfOneLargeBatch(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test,
        [Values("sgd", "adamw", "lars")] string name)
    {
        const float Rate = 0.02f;
        var settings = new Dictionary<string, object?> { ["weight-decay"] = 0.1f, ["clip"] = 0.5f };
        Optimizer optimizer = Settings.With(Registry<Optimizer>.Find(name), settings);
        using Device device = test.Make();
        using TestNetwork whole = Make(device, 6, 1, optimizer), parts = Make(device, 2, 3, optimizer);
        for (int step = 0; step < 4; step++)
        {
            whole.Plan.Train(whole.Batch, Rate, 0, (ulong)step);
            parts.Plan.Train(parts.Batch, Rate, 0, (ulong)step);
        }
        foreach (Parameter parameter in whole.Network.Parameters)
        {
            double[] weights = Numbers.ToDouble(whole.Weights(parameter.Path));
            Closeness.Check($"{test}: {parameter.Path}", parts.Weights(parameter.Path), weights, name == "adamw" ? 0.02 * Rate : 1e-5);
        }
    }

    /// <summary>A plan of one batch is the plan it always was.</summary>
    [Test]
    public void OneBatchAddsNoSteps()
    {
        using var device = new CpuDevice(1);
        using TestNetwork one = Make(device, 2, 1, new Sgd()), three = Make(device, 2, 3, new Sgd());
        Assert.That(three.Plan.Steps.Except(one.Plan.Steps), Is.EqualTo(new[] { "accumulate" }));
        Assert.That(one.Plan.Steps, Has.Count.EqualTo(three.Plan.Steps.Count - 1));
        Assert.That(one.Plan.ArenaBytes, Is.LessThan(three.Plan.ArenaBytes));
    }

    [Test]
    public void DropoutDrawsAnewForEachPart()
    {
        using var device = new CpuDevice(1);
        using var network = new TestNetwork(device,
            new Sequential { new Flatten(), { "first", new Linear(50) }, new Dropout(0.5f), { "fc", new Linear(3) } }, Input,
            new() { Images = 1, Accumulate = 2, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() });
        network.Parameters.Initialize(1);
        network.Batch.Image(0).CopyTo(network.Batch.Image(1));
        network.Batch.Labels[1] = network.Batch.Labels[0];
        BatchResult both = network.Plan.ComputeGradients(network.Batch);
        network.Batch.Count = 1;
        network.Batch.Labels[1] = -1;
        BatchResult first = network.Plan.ComputeGradients(network.Batch);
        Assert.That(both.LossSum, Is.Not.EqualTo(2 * first.LossSum).Within(1e-4), "the same image twice, with other values dropped");
    }

    [Test]
    public void ThreadsDoNotChangeTheBits()
    {
        using CpuDevice one = new(1), two = new(2);
        using TestNetwork first = Make(one, 2, 3, new Sgd()), second = Make(two, 2, 3, new Sgd());
        for (int step = 0; step < 2; step++)
        {
            first.Plan.Train(first.Batch, 0.1f, 0, (ulong)step);
            second.Plan.Train(second.Batch, 0.1f, 0, (ulong)step);
        }
        foreach (Parameter parameter in first.Network.Parameters)
            Closeness.CheckSameBits(parameter.Path, second.Weights(parameter.Path), first.Weights(parameter.Path));
    }

    [Test]
    public void AStepAllocatesNothing()
    {
        using var device = new CpuDevice(1);
        using TestNetwork network = Make(device, 2, 3, new Sgd());
        for (int step = 0; step < 3; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 3; step < 13; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void RefusesFewerThanOneBatch()
    {
        using var device = new CpuDevice(1);
        OneLine.Thrown(() => Make(device, 2, 0, new Sgd()), "at least 1", "0");
    }

    private static TestNetwork Make(Device device, int images, int accumulate, Optimizer optimizer)
    {
        var network = new TestNetwork(device,
            new Sequential
            {
                { "conv1", new Conv2d(5, 3) }, new ReLU(), { "conv2", new Conv2d(9, 3, padding: 1) }, new MaxPool2d(2, 2), new Flatten(),
                { "fc", new Linear(7) },
            },
            Input,
            new() { Images = images, Accumulate = accumulate, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = optimizer });
        network.Parameters.Initialize(1);
        return network;
    }
}
