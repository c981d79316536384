using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Branches write directly into their concatenation; nothing is copied, and the numbers are those of copies.</summary>
public sealed class SliceTests
{
    private static readonly Shape Input = Shape.Volume(12, 7, 6);

    private static readonly PlanOptions Options = new() { Images = 5, Training = true, InputGradient = true, Loss = new ProjectionLoss() };

    /// <summary>Covers every way to end a branch, and a concatenation in a concatenation.</summary>
    [Test]
    public void GivesTheNumbersOfCopies(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values] bool isLast)
    {
        using Device device = test.Make();
        using var inPlace = new TestNetwork(device, Module(isLast, layer => layer), Input, Options);
        using var copied = new TestNetwork(device, Module(isLast, layer => new Separate(layer)), Input, Options);
        float[][] parameters = [.. inPlace.Network.Parameters.Select((parameter, i) => Numbers.Reals(parameter.Spec.Count, 20 + i))];
        foreach (TestNetwork network in new[] { inPlace, copied })
        {
            for (int i = 0; i < parameters.Length; i++) network.SetWeights(network.Network.Parameters[i].Path, parameters[i]);
            network.Plan.ComputeGradients(network.Batch);
        }
        Assert.That(inPlace.Plan.Steps, Has.None.Contains("concat"));
        Assert.That(copied.Plan.Steps, Has.Some.Contains("concat forward").And.Some.Contains("concat backward"));
        Closeness.CheckSameBits($"{test}: output", inPlace.ReadOutput(), copied.ReadOutput());
        Closeness.CheckSameBits($"{test}: input gradient", inPlace.ReadInputGradient(), copied.ReadInputGradient());
        foreach (Parameter parameter in inPlace.Network.Learned)
            Closeness.CheckSameBits($"{test}: gradient of {parameter}", inPlace.Gradient(parameter.Path), copied.Gradient(parameter.Path));
    }

    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void InferenceGivesTheSameNumbers(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var options = new PlanOptions { Images = 3, Loss = new ProjectionLoss() };
        using var inPlace = new TestNetwork(device, Module(false, layer => layer), Input, options);
        using var copied = new TestNetwork(device, Module(false, layer => new Separate(layer)), Input, options);
        foreach (TestNetwork network in new[] { inPlace, copied })
        {
            network.Parameters.Initialize(3);
            network.Plan.Evaluate(network.Batch);
        }
        Assert.That(inPlace.Plan.Steps, Has.None.Contains("concat"));
        Closeness.CheckSameBits($"{test}: output", inPlace.ReadOutput(), copied.ReadOutput());
    }

    /// <summary>
    /// Each device copies only values with other readers, values that no operator outputs, and values that an operator cannot write to a
    /// slice.
    /// </summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void CopiesOnlyValuesThatCannotBeSlices(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var layers = new Branches
        {
            { "own", new Conv2d(8, 1) },
            { "read twice", new Twice(new Conv2d(8, 1)) },
            { "input", new Sequential() },
            { "pool", new MaxPool2d(3, 1, 1) },
        };
        using var network = new TestNetwork(device, layers, Input, Options);
        network.Parameters.Initialize(1);
        network.Plan.ComputeGradients(network.Batch);
        Assert.That(network.Plan.Steps.Count(step => step.Contains("concat forward")), Is.EqualTo(4));
        Assert.That(network.ReadOutput().Chunk(48 * 42).SelectMany(image => image[(24 * 42)..(36 * 42)]), Is.EqualTo(network.Images));
    }

    /// <summary>Networks with inception modules have no copies.</summary>
    [TestCase("googlenet")]
    [TestCase("googlenet-torchvision")]
    public void InceptionModulesCopyNothing(string name)
    {
        Network network = Architecture.Find(name).Build(classes: 7);
        foreach (DeviceUnderTest test in DeviceUnderTest.All)
        {
            using Device device = test.Make();
            using ParameterStore parameters = device.CreateParameters(network, training: true);
            using var plan = new Plan(parameters,
                new() { Images = 2, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd() });
            Assert.That(plan.Steps, Has.None.Contains("concat"), $"{test}");
        }
    }

    /// <param name="isLast">Whether the concatenation is the network's output, whose last branch may fill less than a channel
    /// block.</param>
    /// <param name="branch">Wraps each branch.</param>
    private static Sequential Module(bool isLast, Func<Layer, Layer> branch)
    {
        var sequence = new Sequential
        {
            { "stem", new Conv2d(8, 1) },
            {
                "module", new Branches
                {
                    { "plain", branch(new Conv2d(16, 1, bias: false)) },
                    { "biased", branch(new Conv2d(8, 3, padding: 1)) },
                    { "activated", branch(new Sequential { { "conv", new Conv2d(24, 3, padding: 1, groups: 2) }, new ReLU() }) },
                    { "inner", branch(new Branches
                        {
                            { "norm", branch(new Sequential { { "conv", new Conv2d(8, 1, bias: false) }, { "norm", new BatchNorm2d() } }) },
                            {
                                "activated", branch(new Sequential
                                {
                                    { "conv", new Conv2d(16, 5, padding: 2, bias: false) }, { "norm", new BatchNorm2d() }, new Tanh(),
                                })
                            },
                        })
                    },
                    {
                        "last",
                        branch(new Sequential { new MaxPool2d(3, 1, 1), { "conv", new Conv2d(isLast ? 7 : 12, 1) }, new Sigmoid() })
                    },
                }
            },
        };
        if (!isLast) sequence.Add("readers", new Branches { { "a", new Conv2d(8, 3, padding: 1) }, { "b", new Conv2d(4, 1) } });
        return sequence;
    }

    /// <summary>Dropout with probability 0 is a view, which is copied.</summary>
    private sealed class Separate(Layer layer) : Layer
    {
        public override Value Build(Graph graph, Value input, string path) =>
            new Dropout(0).Build(graph, layer.Build(graph, input, path), path);
    }

    /// <summary>Concatenates x with itself.</summary>
    private sealed class Twice(Layer layer) : Layer
    {
        public override Value Build(Graph graph, Value input, string path)
        {
            Value value = layer.Build(graph, input, path);
            return graph.Add(new Concat(), [value, value], $"{path}.concat");
        }
    }
}
