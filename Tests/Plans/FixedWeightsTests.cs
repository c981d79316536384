using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Handmade filters at the start of a network do not change in training.</summary>
public sealed class FixedWeightsTests
{
    /// <summary>Sobel's filters for vertical and horizontal edges.</summary>
    private static readonly float[] Edges = [-1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1];

    [Test]
    public void TrainingKeepsThemAndComputesNoGradient(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values] bool bias)
    {
        using Device device = test.Make();
        var layers = new Sequential
        {
            { "edges", new Conv2d(2, 3, padding: 1, bias: bias) { FixedWeights = Edges } }, new ReLU(), { "conv", new Conv2d(3, 3) },
            new Flatten(), { "fc", new Linear(4) },
        };
        using var network = new TestNetwork(device, layers, Shape.Volume(1, 6, 5),
            new PlanOptions { Images = 3, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd(weightDecay: 0.1f) });
        network.Parameters.Initialize(7);
        Assert.That(network.Weights("edges.weight"), Is.EqualTo(Edges), $"{test}: at the start");
        float[] learned = network.Weights("conv.weight");
        for (int step = 0; step < 3; step++) network.Plan.Train(network.Batch, 0.1f, 7, (ulong)step);
        Assert.That(network.Weights("edges.weight"), Is.EqualTo(Edges), $"{test}: after training");
        Assert.That(network.Weights("conv.weight"), Is.Not.EqualTo(learned), $"{test}: filters that are learned");
        Assert.That(network.Plan.Steps, Has.None.Contain("edges filter").And.Some.Contain("conv filter"), $"{test}: steps");
        if (bias) Assert.That(network.Weights("edges.bias"), Has.Some.Not.Zero, $"{test}: the bias is learned");
        else
        {
            Assert.That(network.Plan.Steps.Where(step => step.StartsWith("edges", StringComparison.Ordinal)),
                Is.All.Not.Contain("gradient"), $"{test}: steps");
        }
    }

    [Test]
    public void WrongNumberOfWeightsIsRefused()
    {
        string message = Assert.Throws<GpuCnnException>(
            () => _ = new Network("test", new Conv2d(2, 3) { FixedWeights = Edges }, Shape.Volume(3, 6, 5)))!.Message;
        Assert.That(message, Does.StartWith("Conv2d").And.Contain("expects 54").And.Contain("got 18"));
    }
}
