using System.Reflection;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// Every layer reads and writes tensors that are stored as bfloat16: forward and backward on <c>debug</c>, beside the reference in float64.
/// A layer that takes such a tensor for floats is off by more than any tolerance.
/// </summary>
public sealed class BFloat16LayerTests
{
    private const int Images = 3;

    /// <summary>Relative error of what was rounded to bfloat16 twice, on the way in and on the way out.</summary>
    private static readonly double Tolerance = 2 * Math.Pow(2, -8);

    /// <summary>Layers whose kernels do not read bfloat16 yet.</summary>
    private static readonly Type[] Missing = [];

    /// <summary>
    /// Of each layer's cases, the smallest with whole vectors of 8 channels, and the smallest with an odd number of values.
    /// </summary>
    public static IEnumerable<TestCaseData> Cases =>
        from fixture in typeof(BFloat16LayerTests).Assembly.GetTypes()
        where fixture is { IsAbstract: false, BaseType.IsGenericType: true }
            && fixture.BaseType.GetGenericTypeDefinition() == typeof(LayerContract<,>)
        let cases = Own((IEnumerable<LayerCase>)fixture.GetProperty(nameof(ILayerFixture.Cases), BindingFlags.Public | BindingFlags.Static)!
            .GetValue(null)!)
        from layer in (LayerCase?[])[cases.FirstOrDefault(IsWhole), cases.FirstOrDefault(IsOdd)]
        where layer is not null
        select new TestCaseData(layer).SetArgDisplayNames(fixture.Name, layer.Name);

    /// <summary>Branches that are copied into the concatenation, and sums of branches that need no products.</summary>
    public static IEnumerable<TestCaseData> Joined()
    {
        foreach (int channels in new[] { 8, 4, 3 })
        {
            Shape input = Shape.Volume(channels, 3, 5);
            yield return Of($"concatenation of {input}",
                () => new Branches { { "first", new Tanh() }, { "second", new Sequential { new ReLU(), new Sigmoid() } } }, input,
                new ReferenceConcat(new ReferenceTanh(), new ReferenceChain(new ReferenceReLU(), new ReferenceSigmoid())));
            yield return Of($"sum of {input}", () => new Sequential { new Residual(new Tanh(), new Sigmoid()), new ReLU() }, input,
                new ReferenceChain(new ReferenceSum(new ReferenceTanh(), new ReferenceSigmoid()), new ReferenceReLU()));
        }

        static TestCaseData Of(string name, Func<Layer> layer, Shape input, ReferenceLayer reference) =>
            new TestCaseData(new LayerCase(name, layer, input, reference)).SetArgDisplayNames(name);
    }

    [Test]
    public void NoOtherLayerIsLeftOut()
    {
        IEnumerable<Type> tested = Cases.Concat(Joined()).SelectMany(test => OperatorsOf((LayerCase)test.Arguments[0]!));
        IEnumerable<Type> layers = typeof(Operator).Assembly.GetExportedTypes()
            .Where(type => type.IsAssignableTo(typeof(Operator)) && !type.IsAbstract);
        Assert.That(layers.Except(tested), Is.EquivalentTo(Missing));
    }

    [TestCaseSource(nameof(Cases)), TestCaseSource(nameof(Joined))]
    public void MatchesTheReference(LayerCase layer)
    {
        using var device = new DebugDevice();
        // Copies before and after it, so that all of the layer's own tensors are bfloat16. What is only viewed has no tensor of its own.
        var layers = new Sequential { new DirtyLanes(), layer.Layer() };
        if (OperatorsOf(layer).Last() != typeof(Flatten)) layers.Add(new DirtyLanes());
        var network = new Network("test", layers, layer.Input);
        using ParameterStore parameters = device.CreateParameters(network, training: true, inputGradient: true);
        using var plan = new Plan(parameters, new PlanOptions
        {
            Images = Images,
            Training = true,
            InputGradient = true,
            Loss = new ProjectionLoss(),
            Precision = Precision.BFloat16,
        });
        float[] x = Numbers.Eighths(Images * layer.Input.Count, 1, layer.Limit);
        float[][] values = LayerRun.Draw(layer, Numbers.Eighths);
        for (int i = 0; i < values.Length; i++)
            parameters.SetWeights(network.Parameters[i], new Tensor([.. network.Parameters[i].Spec.Dimensions], values[i]));
        var batch = new Batch(layer.Input, Images) { Count = Images };
        batch.SetChannelsFirst(x);
        plan.ComputeGradients(batch, LayerRun.Seed, LayerRun.Step);

        var input = Extent.Of(Images, layer.Input);
        ReferenceLayer reference = layer.ReferenceAt(1);
        double[] wideX = Numbers.ToDouble(x);
        double[][] wideParameters =
            [.. values.Where((_, i) => !network.Parameters[i].IsState).Select(Numbers.ToDouble)];
        double[] y = reference.Forward(input, wideX, wideParameters);
        Gradients gradients =
            reference.Backward(input, wideX, wideParameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
        Check("output", plan.GetOutputChannelsFirst(), y);
        Check("input gradient", plan.GetInputGradientChannelsFirst(), gradients.Input);
        float[][] learned = [.. network.Learned.Select(parameter => parameters.GetGradient(parameter).Values)];
        Assert.That(learned, Has.Length.EqualTo(gradients.Parameters.Length));
        for (int i = 0; i < learned.Length; i++) Check($"gradient of parameter {i}", learned[i], gradients.Parameters[i]);

        void Check(string what, float[] actual, double[] expected) => Closeness.Check(
            $"{layer}: {what}", actual, expected, Tolerance * expected.Select(Math.Abs).Append(layer.LeastScale).Max());
    }

    private static List<LayerCase> Own(IEnumerable<LayerCase> cases) =>
        [.. cases.Where(layer => !OperatorsOf(layer).Intersect(Missing).Any()).OrderBy(layer => layer.Input.Count)];

    private static bool IsWhole(LayerCase layer) => layer.Input.Channels % 8 == 0 && layer.Input.Count > 8;

    private static bool IsOdd(LayerCase layer) => layer.Input.Count % 2 == 1 && layer.Input.Count > 1;

    private static IEnumerable<Type> OperatorsOf(LayerCase layer) =>
        new Network("test", layer.Layer(), layer.Input).Graph.Nodes.Select(node => node.Operator.GetType());
}
