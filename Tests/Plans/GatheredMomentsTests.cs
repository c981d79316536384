using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// A norm after a convolution uses the moments that the convolution gathered, and gives the numbers of the definition.
/// </summary>
public sealed class GatheredMomentsTests
{
    private const double Epsilon = 1e-3, Momentum = 0.25;

    /// <summary>
    /// Convolutions with chunks of one image and of several, with one strip and more, a channels-last input, one tap, and groups, which
    /// gather only on the CPU.
    /// </summary>
    public sealed record Case(
        string Name, Shape Input, int Filters, int Size, int Stride, int Padding, int Groups = 1, bool Bias = false,
        string? Algorithm = null)
    {
        public override string ToString() => Name;

        public IReadOnlyDictionary<string, string>? Algorithms(int images)
        {
            if (Algorithm is null) return null;
            var shape = new ConvolutionShape(
                Input.Channels, Input.Height, Input.Width, Filters, Size, Size, Stride, Stride, Padding, Padding, Groups);
            return Enum.GetValues<ConvolutionPass>().ToDictionary(pass => pass.Describe(shape, images), _ => Algorithm);
        }

        public Conv2d Layer => new(Filters, Size, Stride, Padding, Groups, Bias);

        public ReferenceConv2d Reference => new(Filters, (Size, Size), (Stride, Stride), (Padding, Padding), Groups, Bias);
    }

    private static readonly Case[] Cases =
    [
        new("3x3", Shape.Volume(12, 6, 5), 20, 3, 1, 1),
        new("3x3, bias", Shape.Volume(9, 7, 5), 40, 3, 2, 1, Bias: true),
        new("image", Shape.Volume(3, 20, 18), 13, 5, 2, 2),
        new("1x1", Shape.Volume(16, 9, 8), 68, 1, 1, 0),
        new("1x1, strided", Shape.Volume(10, 5, 8), 7, 1, 2, 0),
        new("groups", Shape.Volume(12, 6, 5), 24, 3, 1, 1, Groups: 3),
        new("tiles of 2", Shape.Volume(12, 6, 5), 20, 3, 1, 1, Algorithm: "Winograd 2x2"),
        new("tiles of 4", Shape.Volume(9, 11, 13), 136, 3, 1, 1, Bias: true, Algorithm: "Winograd 4x4"),
    ];

    /// <summary>An OpenCL device on a processor takes seconds to compile a product, so it gets one case of each kind.</summary>
    private static IEnumerable<object[]> DevicesAndCases =>
        from test in DeviceUnderTest.All
        from convolution in Cases
        where test.Family switch
        {
            "opencl" => convolution.Name is "3x3" or "1x1",
            "cpu 8" or "cpu 16" => true,
            _ => convolution.Algorithm is null,
        }
        select new object[] { test, convolution };

    /// <summary>
    /// Checks output, gradients and running statistics of a batch whose last images are padding with values that would show.
    /// </summary>
    [TestCaseSource(nameof(DevicesAndCases))]
    public void MatchesTheReference(DeviceUnderTest test, Case convolution)
    {
        const int images = 5, real = 3;
        using Device device = test.Make();
        bool isImage = convolution.Input.Channels < 8;
        using var network = new TestNetwork(device, Net(convolution), convolution.Input,
            new PlanOptions
            {
                Images = images,
                Training = true,
                InputGradient = !isImage,
                Loss = new ProjectionLoss(),
                Algorithms = convolution.Algorithms(images),
            });
        if (convolution.Algorithm is { } algorithm)
            Assert.That(network.Plan.Choices.Select(choice => choice.Algorithm), Is.All.EqualTo(algorithm).And.Not.Empty);
        float[][] parameters = [.. network.Network.Parameters.Select((parameter, i) => Numbers.Reals(parameter.Spec.Count, 20 + i))];
        for (int i = 0; i < parameters.Length; i++) network.SetWeights(network.Network.Parameters[i].Path, parameters[i]);
        Extent extent = Extent.Of(real, convolution.Input), output = convolution.Reference.Output(extent);
        network.Batch.Count = real;
        network.Batch.Images.AsSpan(extent.Count).Fill(1e4f);
        network.Plan.ComputeGradients(network.Batch);

        bool gathers = convolution.Groups == 1 || test.Name.StartsWith("cpu", StringComparison.Ordinal);
        Assert.That(network.Plan.Steps.Contains("norm moments"), Is.Not.EqualTo(gathers), "a pass of its own");
        int first = convolution.Reference.ParameterCount;
        var norm = new ReferenceBatchNorm2d(Epsilon, Momentum);
        var reference = new ReferenceChain(convolution.Reference, norm, new ReferenceTanh());
        double[] x = Numbers.ToDouble(network.Images[..extent.Count]);
        double[][] wide = [.. parameters[..(first + 2)].Select(Numbers.ToDouble)];
        double[] y = reference.Forward(extent, x, wide);
        Gradients gradients = reference.Backward(extent, x, wide, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
        int terms = reference.LongestSum(extent) * 4;
        Check("output", network.ReadOutput()[..output.Count], y);
        if (!isImage) Check("input gradient", network.ReadInputGradient()[..extent.Count], gradients.Input);
        string[] paths = [.. network.Network.Parameters.Select(parameter => parameter.Path)];
        for (int i = 0; i < first + 2; i++)
            Check($"gradient of {paths[i]}", network.Gradient(paths[i]), gradients.Parameters[i], leastScale: 1);
        double[] convolved = convolution.Reference.Forward(extent, x, wide[..first]);
        double[][] state = norm.NextState(output, convolved, [.. parameters[(first + 2)..].Select(Numbers.ToDouble)]);
        for (int i = 0; i < state.Length; i++) Check(paths[first + 2 + i], network.Weights(paths[first + 2 + i]), state[i]);

        void Check(string what, float[] actual, double[] expected, double leastScale = 0) =>
            Closeness.Check($"{test}: {what}", actual, expected, Closeness.Tolerance(terms, test.Rounding, expected, leastScale));
    }

    /// <summary>A bias of 1000 under values that are close to each other, in several chunks and tiles.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void IsAccurateFarFromZero(DeviceUnderTest test)
    {
        const int images = 4, filters = 9, size = 3;
        Shape input = Shape.Volume(8, 17, 15);
        using Device device = test.Make();
        using var network = new TestNetwork(
            device, new Sequential { { "conv", new Conv2d(filters, size, padding: size / 2) }, { "norm", new BatchNorm2d(1e-12f, 1) } },
            input,
            new PlanOptions { Images = images, Training = true, Loss = new ProjectionLoss() });
        network.Parameters.Initialize(1);
        float[] bias = [.. Enumerable.Repeat(1000f, filters)];
        network.SetWeights("conv.bias", bias);
        network.Plan.ComputeGradients(network.Batch);
        Assert.That(network.Plan.Steps, Has.None.EqualTo("norm moments"));
        var convolution = new ReferenceConv2d(filters, (size, size), (1, 1), (size / 2, size / 2));
        Extent extent = Extent.Of(images, input);
        double[][] parameters = [Numbers.ToDouble(network.Weights("conv.weight")), Numbers.ToDouble(bias)];
        double[] y = convolution.Forward(extent, Numbers.ToDouble(network.Images), parameters);
        double[][] state = [new double[filters], new double[filters], [0]];
        double[][] expected = new ReferenceBatchNorm2d(1e-12, 1).NextState(convolution.Output(extent), y, state);
        // The values are rounded to 2^-14, and sums that start at 1000 to a similar step.
        Closeness.Check($"{test}: mean", network.Weights("norm.running_mean"), expected[0], 4 * Math.Pow(2, -14));
        Closeness.Check($"{test}: variance", network.Weights("norm.running_var"), expected[1], 1e-4 * expected[1].Max());
    }

    /// <summary>More tiles than one group merges.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void MergesManyTiles(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(1, 150, 140);
        using Device device = test.Make();
        using var network = new TestNetwork(
            device, new Sequential { { "conv", new Conv2d(2, 1) }, { "norm", new BatchNorm2d((float)Epsilon, 1) } }, input,
            new PlanOptions { Images = 1, Training = true, Loss = new ProjectionLoss() });
        network.Parameters.Initialize(1);
        network.SetWeights("conv.weight", [1, -2]);
        network.SetWeights("conv.bias", [3, 4]);
        network.Plan.ComputeGradients(network.Batch);
        Assert.That(network.Plan.Steps.Contains("norm merge"), Is.Not.EqualTo(test.Name.StartsWith("cpu", StringComparison.Ordinal)));
        double[] x = Numbers.ToDouble(network.Images);
        double mean = x.Average(), variance = x.Sum(value => Math.Pow(value - mean, 2)) / (x.Length - 1);
        Closeness.Check($"{test}: mean", network.Weights("norm.running_mean"), [mean + 3, 4 - 2 * mean], 1e-6);
        Closeness.Check($"{test}: variance", network.Weights("norm.running_var"), [variance, 4 * variance], 1e-5 * variance);
    }

    /// <summary>Only outputs that a norm reads directly are gathered, and only in training.</summary>
    [Test]
    public void GathersOnlyIfANormReads()
    {
        var layers = new Sequential
        {
            { "a", new Conv2d(8, 1) }, { "norm", new BatchNorm2d() }, { "b", new Conv2d(8, 1) }, { "relu", new ReLU() },
            { "after", new BatchNorm2d() }, { "c", new Conv2d(8, 1) },
        };
        var network = new Engine.Graphs.Network("test", layers, Shape.Volume(8, 4, 4));
        Assert.That(Gathering(training: true), Is.EqualTo(new[] { "a" }));
        Assert.That(Gathering(training: false), Is.Empty);

        string[] Gathering(bool training) =>
            [.. PlanNode.Fuse(network, training).Where(node => node.GathersMoments).Select(node => node.Name)];
    }

    public static IEnumerable<TestCaseData> Families => DeterminismTests.Families;

    [TestCaseSource(nameof(Families))]
    public void SameBitsForAnyNumberOfThreads(DeviceUnderTest[] family)
    {
        float[][] runs = [.. family.Append(family[0]).Select(Train)];
        foreach (float[] weights in runs[1..]) Closeness.CheckSameBits($"{family[0].Family}: weights", weights, runs[0]);
    }

    private static float[] Train(DeviceUnderTest test)
    {
        using Device device = test.Make();
        var layers = new Sequential
        {
            { "a", new Conv2d(24, 3, padding: 1, bias: false) }, { "norm", new BatchNorm2d() }, new ReLU(),
            { "block", new Residual(new Sequential { { "b", new Conv2d(24, 1, bias: false) }, { "norm", new BatchNorm2d() } }, null) },
            new ReLU(), new GlobalAvgPool2d(), new Flatten(),
        };
        using var network = new TestNetwork(device, layers, Shape.Volume(3, 24, 20),
            new PlanOptions { Images = 6, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd() });
        network.Parameters.Initialize(1);
        for (int step = 0; step < 3; step++) network.Plan.Train(network.Batch, 0.05f, 1, (ulong)step);
        return [.. network.Parameters.ExportWeights().SelectMany(weights => weights.Value.Values)];
    }

    private static Sequential Net(Case convolution) =>
        new() { { "conv", convolution.Layer }, { "norm", new BatchNorm2d((float)Epsilon, (float)Momentum) }, { "tanh", new Tanh() } };
}
