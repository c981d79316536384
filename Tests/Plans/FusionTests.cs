using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>An activation fused into the previous layer gives the same bits as on its own.</summary>
public sealed class FusionTests
{
    private static readonly (string Name, Func<Layer> Make)[] Activations =
        [("relu", () => new ReLU()), ("tanh", () => new Tanh()), ("sigmoid", () => new Sigmoid())];

    [Test]
    public void GivesTheBitsOfTheSequence(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test,
        [Values("relu", "tanh", "sigmoid")] string activation, [Values] bool bias)
    {
        Func<Layer> make = Activations.Single(known => known.Name == activation).Make;
        foreach (int filters in new[] { 6, 24, 40 })
        {
            Check(
                test, Shape.Volume(5, 7, 6),
                between => Sequence(new Conv2d(filters, (3, 2), (2, 1), (1, 1), bias: bias), make(), between));
            Check(test, Shape.Vector(37), between => Sequence(new Linear(filters, bias), make(), between));
        }
    }

    /// <summary>The previous layer keeps its own output, which the backward pass needs; inference does not need it.</summary>
    [Test]
    public void AnActivationThatDerivesFromItsInputIsFusedOnlyToInfer(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.TakingUserFunctions))] DeviceUnderTest test)
    {
        using Device device = test.Make();
        Layer layers = Sequence(new Conv2d(6, 3), new UserSquare(), between: false);
        var training = new PlanOptions { Images = 9, Training = true, InputGradient = true, Loss = new ProjectionLoss() };
        using var trained = new TestNetwork(device, layers, Shape.Volume(5, 7, 6), training);
        Assert.That(PlanNode.Fuse(trained.Network, training: true), Has.Count.EqualTo(2), "nodes while training");
        Assert.That(PlanNode.Fuse(trained.Network, training: false), Has.Count.EqualTo(1), "nodes to infer");
        trained.Parameters.Initialize(seed: 3);
        trained.Plan.ComputeGradients(trained.Batch);
        using var plan = new Plan(trained.Parameters, new PlanOptions { Images = 9, Loss = new ProjectionLoss() });
        plan.Evaluate(trained.Batch);
        Closeness.CheckSameBits($"{test}: output", plan.GetOutputChannelsFirst(), trained.ReadOutput());
    }

    /// <summary>Dropout with probability 0 is a view without work, but it keeps a following activation from being fused.</summary>
    private static Sequential Sequence(Layer layer, Layer activation, bool between)
    {
        var sequence = new Sequential { { "layer", layer } };
        if (between) sequence.Add(new Dropout(0));
        sequence.Add("activation", activation);
        return sequence;
    }

    private static void Check(DeviceUnderTest test, Shape input, Func<bool, Layer> layers)
    {
        using Device device = test.Make();
        var options = new PlanOptions { Images = 9, Training = true, InputGradient = true, Loss = new ProjectionLoss() };
        using var fused = new TestNetwork(device, layers(false), input, options);
        using var apart = new TestNetwork(device, layers(true), input, options);
        Assert.That(PlanNode.Fuse(fused.Network, training: true), Has.Count.EqualTo(1), "nodes, fused");
        Assert.That(PlanNode.Fuse(apart.Network, training: true), Has.Count.EqualTo(2), "nodes, apart");
        foreach (TestNetwork network in new[] { fused, apart })
        {
            network.Parameters.Initialize(seed: 3);
            network.Plan.ComputeGradients(network.Batch);
        }
        Closeness.CheckSameBits($"{test}: output", fused.ReadOutput(), apart.ReadOutput());
        Closeness.CheckSameBits($"{test}: input gradient", fused.ReadInputGradient(), apart.ReadInputGradient());
        foreach (string path in fused.Network.Parameters.Select(parameter => parameter.Path))
            Closeness.CheckSameBits($"{test}: gradient of {path}", fused.Gradient(path), apart.Gradient(path));
    }
}
