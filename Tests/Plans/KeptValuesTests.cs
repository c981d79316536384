using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Plans that keep what every operator gave, and the gradient of one logit down to a value.</summary>
public sealed class KeptValuesTests
{
    private const int Images = 3;
    private static readonly Shape Input = Shape.Volume(3, 20, 18);

    /// <summary>A value between two halves of a network, and the second half. Its operators have all kinds of backward passes.</summary>
    private static IEnumerable<TestCaseData> Halves =>
        from device in DeviceUnderTest.All
        from tail in new (string Name, Func<Layer> Make)[]
        {
            ("pools", () => new Sequential
            {
                new ReLU(), new MaxPool2d(3, 2), new LocalResponseNorm(), new AvgPool2d(2, 2), new Flatten(), new Dropout(),
                { "fc1", new Linear(12) }, new Gelu(), new Dropout(), { "fc2", new Linear(5) },
            }),
            ("residual", () => new Sequential
            {
                new Residual(
                    new Sequential { { "a", new Conv2d(11, 3, padding: 1) }, { "an", new BatchNorm2d() }, new SiLU(),
                        { "b", new Conv2d(11, 1) }, { "bn", new BatchNorm2d() } }),
                new Sigmoid(), new AdaptiveAvgPool2d(2, 3), new Flatten(), { "fc", new Linear(5) },
            }),
            ("branches", () => new Sequential
            {
                new Tanh(),
                new Branches
                {
                    { "x", new Conv2d(8, 1) },
                    { "y", new Sequential { { "in", new Conv2d(5, 3, 1, 1) }, new ReLU(), new MaxPool2d(3, 1, 1) } },
                },
                { "classes", new Conv2d(5, 1) }, new ReLU(), new GlobalAvgPool2d(), new Flatten(),
            }),
        }
        select new TestCaseData(tail.Make, device).SetArgDisplayNames(tail.Name, device.Name);

    private static Layer Head() => new Sequential { { "conv", new Conv2d(11, 3, 2, 1) } };

    [TestCaseSource(nameof(Halves))]
    public void GradientOfALogitIsItsSlope(Func<Layer> makeTail, DeviceUnderTest test)
    {
        using Device device = test.Make();
        var network = new Network("whole", new Sequential { { "head", Head() }, { "tail", makeTail() } }, Input);
        Value middle = network.Graph.Nodes.Single(node => node.Path == "head.conv").Output;
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        Fill(network, parameters);
        Batch batch = MakeBatch(Input);
        using var plan = new Plan(parameters, new() { Images = Images, GradientOf = middle });
        int[] classes = [1, 4, 0];
        plan.Differentiate(batch, classes);
        Tensor value = plan.ReadValue(middle), gradient = plan.ReadGradient();
        Assert.That(gradient.HasDimensions([Images, 11, 10, 9]));

        // The second half on the CPU, by itself.
        var half = new Network("half", makeTail(), middle.Shape);
        using var cpu = new CpuDevice(1);
        using ParameterStore halfParameters = cpu.CreateParameters(half, training: false);
        foreach (Parameter parameter in half.Parameters)
            halfParameters.SetWeights(parameter, parameters.GetWeights(network.Parameters.Single(p => p.Path == $"tail.{parameter.Path}")));
        using var halfPlan = new Plan(halfParameters, new() { Images = Images });
        float[] directions = Numbers.Reals(value.Values.Length, seed: 9);
        const float step = 1f / 512;
        double[] above = Logits(step), below = Logits(-step);
        for (int image = 0; image < Images; image++)
        {
            double slope = (above[image] - below[image]) / (2 * step), expected = 0;
            int count = value.Values.Length / Images;
            for (int i = image * count; i < (image + 1) * count; i++) expected += (double)gradient.Values[i] * directions[i];
            Assert.That(slope, Is.EqualTo(expected).Within(2e-3 * Math.Max(1, Math.Abs(expected))), $"image {image}");
            Assert.That(expected, Is.Not.Zero);
        }
        // A second call begins with the gradient of the output as given, though layers overwrite it.
        plan.Differentiate(batch, classes);
        Assert.That(plan.ReadGradient().Values, Is.EqualTo(gradient.Values));
        plan.Differentiate(batch, [2, 2, 2]);
        Assert.That(plan.ReadGradient().Values, Is.Not.EqualTo(gradient.Values));

        double[] Logits(float size)
        {
            var moved = new Batch(middle.Shape, Images) { Count = Images };
            moved.SetChannelsFirst([.. value.Values.Select((x, i) => x + size * directions[i])]);
            halfPlan.Infer(moved);
            var logits = new float[Images * 5];
            halfPlan.ReadOutput(logits);
            return [.. classes.Select((label, image) => (double)logits[image * 5 + label])];
        }
    }

    [TestCaseSource(nameof(Halves))]
    public void ValuesAreThoseOfEachOperator(Func<Layer> makeTail, DeviceUnderTest test)
    {
        using Device device = test.Make();
        var network = new Network("whole", new Sequential { { "head", Head() }, { "tail", makeTail() } }, Input);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        Fill(network, parameters);
        Batch batch = MakeBatch(Input);
        using var plan = new Plan(parameters, new() { Images = Images, KeepsValues = true });
        using var fused = new Plan(parameters, new() { Images = Images });
        plan.Infer(batch);
        fused.Infer(batch);
        Assert.That(plan.ReadValue(network.Graph.Input).Values, Is.EqualTo(batch.GetChannelsFirst()));
        var output = new float[Images * 5];
        fused.ReadOutput(output);
        Tensor logits = plan.ReadValue(network.Output);
        Assert.That(logits.HasDimensions([Images, 5]));
        Closeness.Check("the output", logits.Values, Numbers.ToDouble(output), 1e-4);
        foreach (Node node in network.Graph.Nodes)
        {
            float[] input = plan.ReadValue(node.Inputs[0]).Values, actual = plan.ReadValue(node.Output).Values;
            Assert.That(actual, Has.All.Matches<float>(float.IsFinite), node.Path);
            double[]? expected = node.Operator switch
            {
                ReLU => [.. input.Select(x => Math.Max(0.0, x))],
                Tanh => [.. input.Select(x => Math.Tanh(x))],
                Dropout or Flatten => [.. input.Select(x => (double)x)],
                Add => [.. input.Zip(plan.ReadValue(node.Inputs[1]).Values, (a, b) => (double)a + b)],
                _ => null,
            };
            if (expected is not null) Closeness.Check(node.Path, actual, expected, 1e-5);
        }
    }

    [Test]
    public void SaysWhatItCannotGive()
    {
        using var device = new CpuDevice(1);
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, new() { Images = 1 });
        Assert.That(() => network.Plan.ReadValue(network.Network.Output), Throws.InvalidOperationException);
        Assert.That(() => network.Plan.ReadGradient(), Throws.InvalidOperationException);
        Assert.That(() => network.Plan.Differentiate(network.Batch, [0]), Throws.InvalidOperationException);
        Assert.That(() => new Plan(network.Parameters, new() { Images = 1, GradientOf = network.Network.Graph.Input }),
            Throws.ArgumentException);
        using ParameterStore training = device.CreateParameters(network.Network, training: true);
        var options = new PlanOptions { Images = 1, Training = true, KeepsValues = true, Loss = new Engine.Losses.HingeLoss() };
        Assert.That(() => new Plan(training, options), Throws.ArgumentException.With.Message.Contains("infers"));
    }

    private static Batch MakeBatch(Shape input)
    {
        var batch = new Batch(input, Images) { Count = Images };
        batch.SetChannelsFirst(Numbers.Reals(batch.Images.Length, seed: 5));
        return batch;
    }

    /// <summary>Draws weights, and running statistics other than 0 and 1.</summary>
    private static void Fill(Network network, ParameterStore parameters)
    {
        parameters.Initialize(3);
        foreach (Parameter state in network.Parameters.Where(parameter => parameter is { IsState: true, Spec.Dimensions.Count: > 0 }))
        {
            float[] drawn = Numbers.Reals(state.Spec.Count, seed: 11);
            parameters.SetWeights(state, new([.. state.Spec.Dimensions], [.. drawn.Select(x => 0.75f + 0.5f * x)]));
        }
    }
}
