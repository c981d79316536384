using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

public sealed class LayerMemoryTests
{
    private const int Images = 4;

    [Test]
    public void LayersHaveTheirOutputsAndTheirInputsGradients([Values("cpu", "debug")] string device)
    {
        var network = new Network("n", new Sequential
        {
            { "conv", new Conv2d(8, 3, padding: 1) }, { "relu", new ReLU() }, { "pool", new AvgPool2d(2, 2) },
            { "branches", new Branches { { "a", new Conv2d(8, 1) }, { "b", new Conv2d(16, 1) } } },
            { "flatten", new Flatten() }, { "fc", new Linear(8) },
        }, Shape.Volume(8, 8, 8));
        Dictionary<string, LayerMemory> rows = MemoryOf(network, device, Images);
        Assert.That(rows.Keys, Is.EqualTo(["conv", "pool", "branches.a", "branches.b", "fc"]));
        Assert.That(rows["conv"].Activations, Is.EqualTo(Bytes(8 * 8 * 8)));
        Assert.That(rows["conv"].Gradients, Is.Zero);
        Assert.That(rows["pool"].Activations, Is.EqualTo(Bytes(8 * 4 * 4)));
        Assert.That(rows["pool"].Gradients, Is.EqualTo(Bytes(8 * 8 * 8)));
        // Branches write their channels of the concatenation in place.
        Assert.That(rows["branches.a"].Activations, Is.EqualTo(Bytes(8 * 4 * 4)));
        Assert.That(rows["branches.b"].Activations, Is.EqualTo(Bytes(16 * 4 * 4)));
        Assert.That(rows["branches.a"].Gradients + rows["branches.b"].Gradients, Is.EqualTo(Bytes(8 * 4 * 4)));
        Assert.That(rows["fc"].Activations, Is.EqualTo(Bytes(8)));
        Assert.That(rows["fc"].Gradients, Is.EqualTo(Bytes(24 * 4 * 4)));

        static long Bytes(int values) => (long)Images * values * sizeof(float);
    }

    /// <summary>A GPU's max pool keeps a byte for each output, whatever the output is stored as.</summary>
    [TestCase(Precision.Float32, 4 + 1)]
    [TestCase(Precision.BFloat16, 2 + 1)]
    public void MaxPoolKeepsAByteForEachOutput(Precision precision, int bytes)
    {
        var network = new Network("n", new Sequential
        {
            { "conv", new Conv2d(8, 3, padding: 1) }, { "pool", new MaxPool2d(3, 2, 1) }, { "flatten", new Flatten() },
            { "fc", new Linear(8) },
        }, Shape.Volume(8, 8, 8));
        LayerMemory pool = MemoryOf(network, "debug", Images, precision)["pool"];
        Assert.That(pool.Activations, Is.EqualTo(Images * 8 * 4 * 4 * bytes));
    }

    /// <summary>What lives at the same time lies in the arena, and the arena is never larger than all together.</summary>
    [Test]
    public void SumIsAtLeastTheArena([Values("lenet5", "resnet20", "smallcnn", "squeezenet1_1")] string model)
    {
        Network network = Architecture.Find(model).Build();
        using Device device = DeviceCatalog.Open("cpu");
        using ParameterStore store = device.CreateParameters(network, training: true);
        using var plan = new Plan(store, Options(Images));
        long sum = plan.LayerMemory.Sum(row => row.Activations + row.Gradients + row.Scratch);
        // The input, the loss and the offsets' alignment belong to no layer.
        long other = (long)Images * sizeof(float) * (2 * network.Input.Count + 2 * network.Output.Shape.Count + 64)
            + 256L * 8 * plan.Steps.Count;
        Assert.That(plan.ArenaBytes, Is.LessThanOrEqualTo(sum + other));
        Assert.That(plan.LayerMemory.Select(row => row.Node.Index), Is.Ordered.And.Unique);
        Assert.That(MemoryOf(network, "cpu", 2 * Images).Values.Sum(row => row.Activations), Is.GreaterThan(1.8 * plan.LayerMemory.Sum(
            row => row.Activations)));
    }

    private static Dictionary<string, LayerMemory> MemoryOf(
        Network network, string device, int images, Precision precision = Precision.Float32)
    {
        using Device on = DeviceCatalog.Open(device);
        using ParameterStore store = on.CreateParameters(network, training: true);
        using var plan = new Plan(store, Options(images) with { Precision = precision });
        return plan.LayerMemory.ToDictionary(row => row.Node.Path);
    }

    private static PlanOptions Options(int images) =>
        new() { Images = images, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd() };
}
