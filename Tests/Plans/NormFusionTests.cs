using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// An addition and an activation after a norm are fused into it if the other addend exists by then, and the numbers stay the same.
/// </summary>
public sealed class NormFusionTests
{
    private static readonly Shape Input = Shape.Volume(12, 5, 4);

    /// <summary>The shortcut's norm, if there is one, comes last and takes the addition.</summary>
    [Test]
    public void GivesTheNumbersOfSeparateLayers(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values] bool shortcut,
        [Values("relu", "tanh", "none")] string activation)
    {
        using Device device = test.Make();
        var options = new PlanOptions { Images = 5, Training = true, InputGradient = true, Loss = new ProjectionLoss() };
        using var fused = new TestNetwork(device, Block(shortcut, activation, between: false), Input, options);
        using var apart = new TestNetwork(device, Block(shortcut, activation, between: true), Input, options);
        float[][] parameters = [.. fused.Network.Parameters.Select((parameter, i) => Numbers.Reals(parameter.Spec.Count, 20 + i))];
        foreach (TestNetwork network in new[] { fused, apart })
        {
            for (int i = 0; i < parameters.Length; i++) network.SetWeights(network.Network.Parameters[i].Path, parameters[i]);
            network.Plan.ComputeGradients(network.Batch);
        }
        string norm = shortcut ? "downsample.norm" : "norm";
        int operators = (shortcut ? 4 : 2) + 1;
        Assert.That(PlanNode.Fuse(fused.Network, training: true), Has.Count.EqualTo(operators - 1), "nodes, fused");
        Assert.That(PlanNode.Fuse(fused.Network, training: true)[^1].Addend, Is.Not.Null);
        Assert.That(PlanNode.Fuse(apart.Network, training: true).Select(node => node.Addend), Is.All.Null);
        Assert.That(
            fused.Plan.Steps,
            Has.Some.EqualTo($"block.{norm} forward").And.None.Contain("add forward").And.None.Contain("activation forward"));
        Assert.That(apart.Plan.Steps, Has.Some.Contain("add forward"));
        Near("output", fused.ReadOutput(), apart.ReadOutput());
        Near("input gradient", fused.ReadInputGradient(), apart.ReadInputGradient());
        foreach (string path in fused.Network.Learned.Select(parameter => parameter.Path))
            Near($"gradient of {path}", fused.Gradient(path), apart.Gradient(path));
        foreach (string path in fused.Network.Parameters.Where(parameter => parameter.IsState).Select(parameter => parameter.Path))
            Near(path, fused.Weights(path), apart.Weights(path));

        void Near(string what, float[] actual, float[] expected)
        {
            double[] wide = Numbers.ToDouble(expected);
            Closeness.Check($"{test}: {what}", actual, wide, Closeness.Tolerance(100, test.Rounding, wide));
        }
    }

    /// <summary>Compares with the definition, tanh(norm(conv(x)) + x).</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void MatchesTheReference(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, Block(false, "tanh", false), Input,
            new PlanOptions { Images = 5, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        float[][] parameters = [.. network.Network.Parameters.Select((parameter, i) => Numbers.Reals(parameter.Spec.Count, 20 + i))];
        for (int i = 0; i < parameters.Length; i++) network.SetWeights(network.Network.Parameters[i].Path, parameters[i]);
        network.Plan.ComputeGradients(network.Batch);
        var reference = new ReferenceChain(
            new ReferenceSum(
                new ReferenceChain(
                    new ReferenceConv2d(12, (1, 1), (1, 1), (0, 0), bias: false), new ReferenceBatchNorm2d(1e-5, 0.1)),
                new ReferenceFlatten()),
            new ReferenceTanh());
        Extent extent = Extent.Of(5, Input);
        double[] x = Numbers.ToDouble(network.Images);
        double[][] wide = [.. parameters[..3].Select(Numbers.ToDouble)];
        double[] y = reference.Forward(extent, x, wide);
        Gradients gradients = reference.Backward(extent, x, wide, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
        Check("output", network.ReadOutput(), y);
        Check("input gradient", network.ReadInputGradient(), gradients.Input);
        string[] paths = ["block.conv.weight", "block.norm.weight", "block.norm.bias"];
        foreach ((string path, double[] expected) in paths.Zip(gradients.Parameters))
            Check(path, network.Gradient(path), expected);

        void Check(string what, float[] actual, double[] expected) =>
            Closeness.Check(
                $"{test}: {what}", actual, expected, Closeness.Tolerance(reference.LongestSum(extent), test.Rounding, expected));
    }

    /// <summary>A plan for inference fuses the same nodes, and uses the running statistics.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void InferenceGivesTheSameNumbers(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var options = new PlanOptions { Images = 3, Loss = new ProjectionLoss() };
        using var fused = new TestNetwork(device, Block(true, "relu", false), Input, options);
        using var apart = new TestNetwork(device, Block(true, "relu", true), Input, options);
        foreach (TestNetwork network in new[] { fused, apart })
        {
            network.Parameters.Initialize(3);
            network.SetWeights("block.norm.running_mean", Numbers.Reals(12, 4));
            network.Plan.Evaluate(network.Batch);
        }
        Closeness.CheckSameBits($"{test}: output", fused.ReadOutput(), apart.ReadOutput());
    }

    private static Sequential Block(bool shortcut, string activation, bool between)
    {
        Layer? around = shortcut ? Branch() : null;
        if (between && around is not null) around = new Separate(around);
        var sequence = new Sequential { { "block", new Residual(between && !shortcut ? new Separate(Branch()) : Branch(), around) } };
        if (activation != "none") sequence.Add("activation", activation == "relu" ? new ReLU() : new Tanh());
        return sequence;
    }

    private static Sequential Branch() => new() { { "conv", new Conv2d(12, 1, bias: false) }, { "norm", new BatchNorm2d() } };

    /// <summary>Dropout with probability 0 after a layer is a view without work, but it keeps following nodes from being fused.</summary>
    private sealed class Separate(Layer layer) : Layer
    {
        public override Value Build(Graph graph, Value input, string path) =>
            new Dropout(0).Build(graph, layer.Build(graph, input, path), path);
    }
}
