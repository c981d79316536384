using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// Layers of products at TF32, on <c>debug</c>. TF32 holds multiples of 1/8 as they are, so results are as near the reference as those of
/// float32: a product that reads a wrong fragment, or rounds more than its factors, is off by more.
/// </summary>
public sealed class TF32LayerTests
{
    private const int Images = 3, Convolutions = 3;

    /// <summary>The smallest convolutions whose channels are whole loads for matrix units, and a fully connected layer.</summary>
    public static IEnumerable<TestCaseData> Cases =>
        from layer in Conv2dTests.Cases.Where(IsWhole).OrderBy(layer => Build(layer).MultiplyAdds).Take(Convolutions)
            .Append(new("24 -> 8", () => new Linear(8), Shape.Vector(24), new ReferenceLinear(8, bias: true)))
        select new TestCaseData(layer).SetArgDisplayNames(layer.Name);

    [TestCaseSource(nameof(Cases))]
    public void MatchesTheReference(LayerCase layer)
    {
        using var device = new DebugDevice();
        using var run = new LayerRun(device, layer.Layer, layer.Input, Place.Inner, Images, precision: Precision.TF32);
        float[] x = Numbers.Eighths(Images * layer.Input.Count, 1, layer.Limit);
        float[][] parameters = LayerRun.Draw(layer, Numbers.Eighths);
        LayerResult result = run.Run(x, parameters);
        Assert.That(run.Choices.Select(choice => choice.Problem), Is.All.EndsWith(", tf32"));
        if (run.Choices.Count > 0)
            Assert.That(run.Choices.Select(choice => choice.Algorithm), Has.Some.EndsWith("tf32"), "by matrix units");

        var input = Extent.Of(Images, layer.Input);
        ReferenceLayer reference = layer.ReferenceAt(1);
        double[] wideX = Numbers.ToDouble(x);
        double[][] wideParameters = [.. parameters.Select(Numbers.ToDouble)];
        double[] y = reference.Forward(input, wideX, wideParameters);
        Gradients gradients =
            reference.Backward(input, wideX, wideParameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
        int terms = reference.LongestSum(input);
        Check("output", result.Output, y);
        Check("input gradient", result.InputGradient!, gradients.Input);
        for (int i = 0; i < gradients.Parameters.Length; i++)
            Check($"gradient of parameter {i}", result.ParameterGradients[i], gradients.Parameters[i]);

        void Check(string what, float[] actual, double[] expected) => Closeness.Check(
            $"{layer}: {what}", actual, expected, Closeness.Tolerance(terms, Math.Pow(2, -24), expected, layer.LeastScale));
    }

    private static bool IsWhole(LayerCase layer) => layer.Input.Channels % 8 == 0 && Build(layer) is var network
        && network.Output.Shape.Channels % 8 == 0 && !network.Graph.Nodes.Any(node => node.Operator is Conv2d { Groups: > 1 });

    private static Network Build(LayerCase layer) => new("test", layer.Layer(), layer.Input);
}
