using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// A convolution that reads a norm's output gathers the sums of the norm's gradient, which then has no pass of its own for them.
/// </summary>
public sealed class GatheredGradientsTests
{
    private const int Images = 5;

    private static readonly Shape Input = Shape.Volume(12, 6, 5);

    private static IEnumerable<DeviceUnderTest> Devices => DeviceUnderTest.All.Where(test => test.Family == "debug");

    /// <summary>Compares with the definition, and with a pass of its own, which windows that are written out leave to the norm.</summary>
    [Test]
    public void GivesTheNumbersOfAPassOfItsOwn(
        [ValueSource(nameof(Devices))] DeviceUnderTest test, [Values] bool residual, [Values("relu", "tanh", "none")] string activation,
        [Values(1, 3)] int size)
    {
        using Device device = test.Make();
        var shape = new ConvolutionShape(12, 6, 5, 8, size, size, 1, 1, size / 2, size / 2, 1);
        var passes = new Dictionary<string, string>
        {
            [ConvolutionPass.InputGradient.Describe(shape, Images)] = size == 1 ? "GEMM 32x32x16" : "im2col + GEMM 32x32x16",
        };
        // A filter of one tap has no windows to write out, so a layer between keeps the convolution from gathering.
        using TestNetwork fused = Make(device, Net(residual, activation, size, isAlone: true), null);
        using TestNetwork apart = Make(device, Net(residual, activation, size, isAlone: size > 1), passes);
        Assert.That(fused.Plan.Steps, Has.None.EqualTo("block.norm gradient sums"));
        Assert.That(apart.Plan.Steps, Has.Some.EqualTo("block.norm gradient sums"));
        Near("output", fused.ReadOutput(), apart.ReadOutput());
        Near("input gradient", fused.ReadInputGradient(), apart.ReadInputGradient());
        foreach (string path in fused.Network.Learned.Select(parameter => parameter.Path))
            Near($"gradient of {path}", fused.Gradient(path), apart.Gradient(path));

        void Near(string what, float[] actual, float[] expected)
        {
            double[] wide = Numbers.ToDouble(expected);
            Closeness.Check($"{test}: {what}", actual, wide, Closeness.Tolerance(300, test.Rounding, wide));
        }
    }

    /// <summary>Matrix units, whose tiles may leave the sums to the norm, give what float32 gives at their own precision.</summary>
    [TestCaseSource(nameof(Devices))]
    public void MatrixUnitsGiveTheSameGradients(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using TestNetwork units = Make(device, Net(residual: true, "tanh", 3, isAlone: true), null, precision: Precision.TF32);
        using TestNetwork plain = Make(device, Net(residual: true, "tanh", 3, isAlone: true), null);
        foreach (string path in units.Network.Learned.Select(parameter => parameter.Path))
        {
            double[] wide = Numbers.ToDouble(plain.Gradient(path));
            Closeness.Check($"{test}: gradient of {path}", units.Gradient(path), wide, Closeness.Tolerance(30, Math.Pow(2, -11), wide));
        }
    }

    [TestCaseSource(nameof(Devices))]
    public void MatchesTheReference(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using TestNetwork network = Make(device, Net(residual: false, "tanh", 3, isAlone: true), null, real: Images);
        var reference = new ReferenceChain(
            new ReferenceConv2d(12, (3, 3), (1, 1), (1, 1), bias: false), new ReferenceBatchNorm2d(1e-5, 0.1), new ReferenceTanh(),
            new ReferenceConv2d(8, (3, 3), (1, 1), (1, 1), bias: false));
        Extent extent = Extent.Of(Images, Input);
        double[] x = Numbers.ToDouble(network.Images);
        Parameter[] learned = [.. network.Network.Learned];
        double[][] wide = [.. learned.Select(parameter => Numbers.ToDouble(network.Weights(parameter.Path)))];
        double[] y = reference.Forward(extent, x, wide);
        Gradients gradients = reference.Backward(extent, x, wide, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
        Check("input gradient", network.ReadInputGradient(), gradients.Input);
        for (int i = 0; i < learned.Length; i++) Check(learned[i].Path, network.Gradient(learned[i].Path), gradients.Parameters[i]);

        void Check(string what, float[] actual, double[] expected) =>
            Closeness.Check($"{test}: {what}", actual, expected, Closeness.Tolerance(400, test.Rounding, expected));
    }

    private static TestNetwork Make(Device device, Layer layers, IReadOnlyDictionary<string, string>? algorithms, int real = 3,
        Precision precision = Precision.Float32)
    {
        var network = new TestNetwork(device, layers, Input, new PlanOptions
        {
            Images = Images,
            Training = true,
            InputGradient = true,
            Loss = new ProjectionLoss(),
            Algorithms = algorithms,
            Precision = precision,
        });
        network.ComputeRandomGradients(real);
        return network;
    }

    /// <param name="isAlone">Whether the last convolution reads the norm's output itself, and not a dropout of nothing between.</param>
    private static Sequential Net(bool residual, string activation, int size, bool isAlone)
    {
        var body = new Sequential { { "conv", new Conv2d(12, 3, padding: 1, bias: false) }, { "norm", new BatchNorm2d() } };
        var layers = new Sequential { { "block", residual ? new Residual(body) : body } };
        if (activation == "relu") layers.Add(new ReLU());
        if (activation == "tanh") layers.Add(new Tanh());
        if (!isAlone) layers.Add(new Dropout(0));
        layers.Add("last", new Conv2d(8, size, padding: size / 2, bias: false));
        return layers;
    }
}
