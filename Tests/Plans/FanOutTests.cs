using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// A value with several readers gets the sum of their gradients, and an activation is not fused into a value that is read twice.
/// </summary>
public sealed class FanOutTests
{
    private const int Images = 3;

    private static readonly Shape Input = Shape.Volume(5, 4, 3);

    /// <summary>before(x), then a sum of branches over it. Values are multiples of 1/8, so sums are exact.</summary>
    [Test]
    public void GradientsOfAllReadersAreSummed(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(2, 3)] int branches,
        [Values] bool activated)
    {
        var before = new Sequential { { "conv", new Conv2d(7, 1) } };
        if (activated) before.Add("relu", new ReLU());
        Layer[] sides = [.. Enumerable.Range(0, branches).Select(_ => new Conv2d(4, 3, padding: 1, bias: false))];
        using Device device = test.Make();
        using var network = new TestNetwork(device, new Sequential { { "before", before }, { "sum", new SumOf(sides) } }, Input,
            new PlanOptions { Images = Images, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        float[][] parameters = [.. network.Network.Parameters.Select((parameter, i) => Numbers.Eighths(parameter.Spec.Count, 20 + i))];
        foreach ((Parameter parameter, float[] values) in network.Network.Parameters.Zip(parameters))
            network.SetWeights(parameter.Path, values);
        network.Batch.SetChannelsFirst(Numbers.Eighths(Images * Input.Count, seed: 4));
        network.Plan.ComputeGradients(network.Batch);
        Assert.That(
            network.Plan.Steps.Count(step => step.Contains("gradient sum")), Is.EqualTo(device is CpuDevice ? branches - 1 : 0),
            "convolutions add on devices");

        double[][] wide = [.. parameters.Select(Numbers.ToDouble)];
        double[] x = Numbers.ToDouble(network.Images);
        var conv = new ReferenceConv2d(7, (1, 1), (1, 1), (0, 0));
        ReferenceLayer stem = activated ? new ReferenceChain(conv, new ReferenceReLU()) : conv;
        var side = new ReferenceConv2d(4, (3, 3), (1, 1), (1, 1), bias: false);
        Extent input = Extent.Of(Images, Input), middle = stem.Output(input);
        double[] stemOutput = stem.Forward(input, x, wide[..2]);
        double[][] outputs = [.. wide[2..].Select(weights => side.Forward(middle, stemOutput, [weights]))];
        double[] y = Sum(outputs), dy = [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))];
        Gradients[] sideGradients = [.. wide[2..].Select(weights => side.Backward(middle, stemOutput, [weights], dy))];
        Gradients stemGradients = stem.Backward(input, x, wide[..2], Sum([.. sideGradients.Select(gradient => gradient.Input)]));

        Closeness.Check($"{test}: output", network.ReadOutput(), y, 0);
        Closeness.Check($"{test}: input gradient", network.ReadInputGradient(), stemGradients.Input, 0);
        double[][] expected = [.. stemGradients.Parameters, .. sideGradients.Select(gradient => gradient.Parameters[0])];
        foreach ((Parameter parameter, double[] gradient) in network.Network.Parameters.Zip(expected))
            Closeness.Check($"{test}: gradient of {parameter.Path}", network.Gradient(parameter.Path), gradient, 0);
    }

    /// <summary>y = x + ReLU(x): the activation must not replace a value that is also read without it.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void ValueReadTwiceIsNotFused(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var sum = new SumOf(new Sequential(), new ReLU());
        using var network = new TestNetwork(device, new Sequential { { "conv", new Conv2d(6, 1) }, { "sum", sum } }, Input,
            new PlanOptions { Images = Images, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        network.Parameters.Initialize(1);
        network.SetWeights("conv.weight", Numbers.Eighths(30, 8));
        network.Batch.SetChannelsFirst(Numbers.Eighths(Images * Input.Count, seed: 4));
        network.Plan.ComputeGradients(network.Batch);
        Extent input = Extent.Of(Images, Input);
        var conv = new ReferenceConv2d(6, (1, 1), (1, 1), (0, 0));
        double[][] parameters = [Numbers.ToDouble(network.Weights("conv.weight")), Numbers.ToDouble(network.Weights("conv.bias"))];
        double[] x = Numbers.ToDouble(network.Images), z = conv.Forward(input, x, parameters);
        double[] slopes = [.. z.Select((value, i) => ProjectionLoss.Weight(i) * (value > 0 ? 2.0 : 1))];
        Gradients gradients = conv.Backward(input, x, parameters, slopes);
        Closeness.Check($"{test}: output", network.ReadOutput(), [.. z.Select(value => value + Math.Max(0, value))], 0);
        Closeness.Check($"{test}: input gradient", network.ReadInputGradient(), gradients.Input, 0);
        Closeness.Check($"{test}: weight gradient", network.Gradient("conv.weight"), gradients.Parameters[0], 0);
    }

    private static double[] Sum(double[][] parts) => [.. parts[0].Select((_, i) => parts.Sum(part => part[i]))];

    /// <summary>The sum of layers over one input.</summary>
    private sealed class SumOf(params Layer[] sides) : Layer
    {
        public override Value Build(Graph graph, Value input, string path)
        {
            Value sum = sides[0].Build(graph, input, $"{path}.0");
            for (int i = 1; i < sides.Length; i++) sum = graph.Add(new Add(), [sum, sides[i].Build(graph, input, $"{path}.{i}")], path);
            return sum;
        }
    }
}
