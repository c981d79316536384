using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

public sealed class BatchNorm2dTests : LayerContract<BatchNorm2dTests, BatchNorm2d>, ILayerFixture
{
    private static readonly ReferenceBatchNorm2d Reference = new(1e-3, 0.25);

    public static IEnumerable<LayerCase> Cases
    {
        get
        {
            Shape[] inputs =
            [
                Shape.Volume(1, 1, 1), Shape.Volume(3, 5, 4), Shape.Volume(8, 4, 4), Shape.Volume(12, 1, 6), Shape.Volume(17, 7, 9),
                Shape.Volume(40, 3, 3),
            ];
            foreach (Shape input in inputs)
            {
                yield return Several(Of($"{input}", () => Norm(), input, Reference));
                yield return Several(Of($"{input}, Tanh", () => new Sequential { Norm(), new Tanh() }, input,
                    new ReferenceChain(Reference, new ReferenceTanh())));
            }
            yield return Of("ReLU", () => new Sequential { Norm(), new ReLU() }, Shape.Volume(5, 4, 5),
                new ReferenceChain(Reference, new ReferenceReLU()));
            // Several parts of a batch, on every device.
            yield return Of("Sigmoid", () => new Sequential { Norm(), new Sigmoid() }, Shape.Volume(6, 19, 21),
                new ReferenceChain(Reference, new ReferenceSigmoid())) with
            { Batches = [3] };
        }
    }

    /// <summary>One image of one pixel cannot be normalized.</summary>
    private static LayerCase Several(LayerCase layer) => layer.Input.Area == 1 ? layer with { Batches = [2, 3] } : layer;

    public static IEnumerable<Misfit> Misfits => [new(() => new BatchNorm2d(), Shape.Vector(8), "vector", "Flatten")];

    /// <summary>PyTorch's "Expected more than 1 value per channel when training", before anything is computed.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void OneValuePerChannelIsRefusedInTraining(DeviceUnderTest test)
    {
        using Device device = test.Make();
        foreach (Layer layer in new Layer[] { Norm(), new Sequential { { "inner", new Sequential { { "norm", Norm() }, new ReLU() } } } })
        {
            var network = new Network("net", new Sequential { { "stem", layer }, new Flatten() }, Shape.Volume(5, 1, 1));
            using ParameterStore parameters = device.CreateParameters(network, training: true);
            parameters.Initialize(1);
            var options = new PlanOptions { Images = 1, Training = true, Loss = new ProjectionLoss() };
            string path = layer is Sequential ? "stem.inner.norm" : "stem";
            SingleValueException refusal = Assert.Throws<SingleValueException>(() => new Plan(parameters, options));
            Assert.That(refusal.Layer, Is.EqualTo(path));
            Assert.That(refusal.Message, Does.StartWith($"{path} (BatchNorm2d) expects more than 1 value per channel")
                .And.Contain("5x1x1"));

            // A batch that is not full is refused when it comes, and inference takes any.
            using var plan = new Plan(parameters, options with { Images = 2 });
            var batch = new Batch(network.Input, 2) { Count = 1 };
            Assert.Throws<SingleValueException>(() => plan.ComputeGradients(batch));
            Assert.Throws<SingleValueException>(() => plan.Train(batch, 0, 0, 0));
            batch.Count = 2;
            plan.ComputeGradients(batch);
            batch.Count = 1;
            plan.Evaluate(batch);
            Assert.That(plan.LargestBatch(long.MaxValue), Is.Zero);
            using var larger = new Plan(parameters, options with { Images = 3 });
            Assert.That(larger.LargestBatch(long.MaxValue), Is.EqualTo(2));
            Assert.That(larger.LargestBatch(0), Is.Zero);
            using var inference = new Plan(parameters, new() { Images = 1 });

            // So is the last part of an accumulated batch; frozen statistics need no batch.
            using var parts = new Plan(parameters, options with { Images = 2, Accumulate = 2 });
            Assert.Throws<SingleValueException>(() => parts.Train(new Batch(network.Input, 4) { Count = 3 }, 0, 0, 0));
            network.FreezeStatistics();
            using var frozen = new Plan(parameters, options);
        }
    }

    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void InferenceUsesTheRunningStatistics(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(13, 4, 3);
        using Device device = test.Make();
        using var network = new TestNetwork(
            device, new Sequential { { "norm", Norm() } }, input, new PlanOptions { Images = 3, Loss = new ProjectionLoss() });
        float[][] values = Set(network);
        network.Plan.Evaluate(network.Batch);
        double[] expected = Reference.Infer(
            Extent.Of(3, input), Numbers.ToDouble(network.Images), [.. values[..2].Select(Numbers.ToDouble)],
            [.. values[2..].Select(Numbers.ToDouble)]);
        Closeness.Check($"{test}", network.ReadOutput(), expected, Closeness.Tolerance(4, test.Rounding, expected));
        Assert.That(State(network), Is.EqualTo(values[2..]), $"{test}: state");
    }

    /// <summary>A plan that trains moves them once per step, and an evaluation does not.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void OnlyTrainingStepsMoveTheRunningStatistics(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(5, 4, 3);
        using Device device = test.Make();
        using var network = new TestNetwork(
            device, new Sequential { { "norm", Norm() } }, input,
            new PlanOptions { Images = 3, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        float[][] state = Set(network)[2..];
        network.Plan.Evaluate(network.Batch);
        Assert.That(State(network), Is.EqualTo(state), $"{test}: after an evaluation");
        network.Plan.ComputeGradients(network.Batch);
        (float[] dx, float[] dweight) = (network.ReadInputGradient(), network.Gradient("norm.weight"));
        network.Plan.ComputeGradients(network.Batch);
        Closeness.CheckSameBits($"{test}: input gradient", network.ReadInputGradient(), dx);
        Closeness.CheckSameBits($"{test}: gradient of weight", network.Gradient("norm.weight"), dweight);
        network.Plan.Train(network.Batch, 0, 0, 0);
        double[][] expected = [.. state.Select(Numbers.ToDouble)];
        for (int step = 0; step < 3; step++)
            expected = Reference.NextState(Extent.Of(3, input), Numbers.ToDouble(network.Images), expected);
        foreach ((float[] actual, double[] values) in State(network).Zip(expected))
            Closeness.Check($"{test}: after three steps", actual, values, Closeness.Tolerance(36, test.Rounding, values));
    }

    /// <summary>
    /// The statistics are those of the real images; what fills up the batch, be it not a number, changes nothing and gets no gradient.
    /// </summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void PartialBatchUsesOnlyItsRealImages(DeviceUnderTest test)
    {
        const int real = 4;
        Shape input = Shape.Volume(13, 11, 9);
        Extent extent = Extent.Of(real, input);
        using Device device = test.Make();
        using var network = new TestNetwork(
            device, new Sequential { { "norm", Norm() }, new Tanh() }, input,
            new PlanOptions { Images = 7, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        float[][] values = Set(network);
        network.Batch.Count = real;
        network.Batch.Images.AsSpan(extent.Count).Fill(float.NaN);
        network.Plan.ComputeGradients(network.Batch);
        var reference = new ReferenceChain(Reference, new ReferenceTanh());
        double[] x = Numbers.ToDouble(network.Images[..extent.Count]);
        double[][] parameters = [.. values[..2].Select(Numbers.ToDouble)];
        double[] y = reference.Forward(extent, x, parameters);
        Gradients gradients = reference.Backward(extent, x, parameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
        Check("output", network.ReadOutput()[..extent.Count], y);
        Check("input gradient", network.ReadInputGradient()[..extent.Count], gradients.Input);
        Check("gradient of weight", network.Gradient("norm.weight"), gradients.Parameters[0]);
        Check("gradient of bias", network.Gradient("norm.bias"), gradients.Parameters[1]);
        Assert.That(network.ReadInputGradient()[extent.Count..], Has.All.Zero, $"{test}: gradient of images that are not real");
        double[][] state = Reference.NextState(extent, x, [.. values[2..].Select(Numbers.ToDouble)]);
        foreach ((float[] actual, double[] expected) in State(network).Zip(state)) Check("state", actual, expected);

        void Check(string what, float[] actual, double[] expected) =>
            Closeness.Check($"{test}: {what}", actual, expected,
                Closeness.Tolerance(reference.LongestSum(extent), test.Rounding, expected));
    }

    /// <summary>Values far from 0 and close to each other: their squares would drown the differences that make the variance.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void IsAccurateFarFromZero(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(4, 30, 30);
        using Device device = test.Make();
        using var network = new TestNetwork(
            device, new Sequential { { "norm", new BatchNorm2d(1e-12f, 1) } }, input,
            new PlanOptions { Images = 5, Training = true, Loss = new ProjectionLoss() });
        network.Parameters.Initialize(1);
        for (int i = 0; i < network.Batch.Images.Length; i++) network.Batch.Images[i] = 1000 + network.Batch.Images[i] / 16;
        network.Plan.ComputeGradients(network.Batch);
        var reference = new ReferenceBatchNorm2d(1e-12, 1);
        double[][] expected =
            reference.NextState(Extent.Of(5, input), Numbers.ToDouble(network.Images), [new double[4], new double[4], [0]]);
        Closeness.Check($"{test}: mean", State(network)[0], expected[0], 2 * Math.Pow(2, -14));
        Closeness.Check($"{test}: variance", State(network)[1], expected[1], 1e-5 * expected[1].Max());
    }

    private static BatchNorm2d Norm() => new(1e-3f, 0.25f);

    /// <summary>
    /// A batch of equal values has a deviation of sqrt(epsilon) only: results are differences of numbers that are larger.
    /// </summary>
    private static LayerCase Of(string name, Func<Layer> layer, Shape input, ReferenceLayer reference) =>
        new(name, layer, input, reference) { LeastScale = 1 };

    private static float[][] Set(TestNetwork network)
    {
        float[][] values = LayerRun.Draw(
            new("", () => new Sequential { { "norm", Norm() } }, network.Network.Input, Reference), Numbers.Reals);
        for (int i = 0; i < values.Length; i++) network.SetWeights(network.Network.Parameters[i].Path, values[i]);
        return values;
    }

    private static float[][] State(TestNetwork network) =>
        [.. network.Network.Parameters.Where(parameter => parameter.IsState).Select(parameter => network.Weights(parameter.Path))];
}
