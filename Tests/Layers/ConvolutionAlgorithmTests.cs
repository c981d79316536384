using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>Every algorithm of the CPU device computes the same convolution, with the same bits for any number of threads.</summary>
public sealed class ConvolutionAlgorithmTests
{
    /// <summary>Relative to the largest value. Plain float32 sums of this length are off by about a tenth of it.</summary>
    private const double Tolerance = 5e-6;

    private static readonly ConvolutionSetting[] Settings =
    [
        new(8, (3, 3), (1, 1), (1, 1), Shape.Volume(8, 4, 4), Bias: false),
        // Channels and sizes that fill neither blocks nor tiles, and all paddings.
        new(17, (3, 3), (1, 1), (1, 1), Shape.Volume(13, 7, 9), Fused: Fused.ReLU),
        new(40, (3, 3), (1, 1), (0, 0), Shape.Volume(24, 10, 6)),
        new(33, (3, 3), (1, 1), (2, 2), Shape.Volume(16, 5, 5), Fused: Fused.ReLU),
        new(8, (3, 3), (1, 1), (3, 0), Shape.Volume(9, 3, 5)),
        new(24, (3, 3), (1, 1), (1, 3), Shape.Volume(40, 1, 2), Fused: Fused.Tanh),
        // Several chunks: of tiles, of output channels, of input channels.
        new(16, (3, 3), (1, 1), (1, 1), Shape.Volume(8, 24, 22), Fused: Fused.ReLU),
        new(136, (3, 3), (1, 1), (1, 1), Shape.Volume(72, 6, 5)),
    ];

    public static IEnumerable<TestCaseData> Each =>
        from setting in Settings
        from choice in CpuConvolutionChoice.Candidates(ShapeOf(setting))
        select new TestCaseData(setting, choice).SetArgDisplayNames(setting.ToString(), choice.ToString());

    [TestCaseSource(nameof(Each))]
    public void MatchesTheReference(ConvolutionSetting setting, CpuConvolutionChoice choice)
    {
        LayerCase layer = setting.ToCase();
        foreach (int images in new[] { 1, 3 })
        {
            float[] x = Numbers.Reals(images * setting.Input.Count, seed: 1);
            float[][] parameters = LayerRun.Draw(layer, Numbers.Reals);
            Extent input = Extent.Of(images, setting.Input);
            ReferenceLayer reference = layer.ReferenceAt(1);
            double[] wideX = Numbers.ToDouble(x);
            double[][] wideParameters = [.. parameters.Select(Numbers.ToDouble)];
            double[] y = reference.Forward(input, wideX, wideParameters);
            Gradients gradients =
                reference.Backward(input, wideX, wideParameters, [.. y.Select((_, i) => (double)ProjectionLoss.Weight(i))]);
            var first = new Dictionary<string, LayerResult>();
            foreach (DeviceUnderTest test in DeviceUnderTest.All.Where(test => test.Family.StartsWith("cpu", StringComparison.Ordinal)))
            {
                using Device device = test.Make();
                using var run = new LayerRun(
                    device, layer.Layer, setting.Input, Place.Inner, images, algorithms: Forced(setting, images, choice));
                Assert.That(run.Choices.Select(taken => taken.Algorithm), Is.EqualTo(Enumerable.Repeat(choice.ToString(), 3)),
                    "forward, filter gradient, input gradient");
                LayerResult result = run.Run(x, parameters);
                string name = $"{setting}, {choice}, {images} images, {test}";
                Check("output", result.Output, y);
                Check("input gradient", result.InputGradient!, gradients.Input);
                for (int i = 0; i < gradients.Parameters.Length; i++)
                    Check($"gradient of parameter {i}", result.ParameterGradients[i], gradients.Parameters[i]);
                Assert.That(run.LargestGradientPastC, Is.Zero, $"{name}: gradient past the last channel");
                if (!first.TryAdd(test.Family, result))
                    foreach (((string what, float[] actual), (_, float[] expected)) in result.Tensors().Zip(first[test.Family].Tensors()))
                        Closeness.CheckSameBits($"{name}: {what}", actual, expected);

                void Check(string what, float[] actual, double[] expected) =>
                    Closeness.Check($"{name}: {what}", actual, expected, Tolerance * expected.Max(Math.Abs));
            }
        }
    }

    [TestCase(64, 56, 8, 4, 4, 4)]
    [TestCase(512, 14, 8, 4, 4, 0, TestName = "The rule knows filters whose gradient has too many sums")]
    [TestCase(512, 7, 8, 0, 0, 0, TestName = "The rule knows too few tiles")]
    [TestCase(64, 5, 64, 0, 0, 0, TestName = "The rule knows tiles that hang over")]
    [TestCase(8, 56, 8, 0, 0, 0, TestName = "The rule knows too few channels")]
    public void TheRuleFollowsTheSizes(int channels, int size, int images, int forward, int inputGradient, int filterGradient)
    {
        ConvolutionShape shape = new(channels, size, size, channels, 3, 3, 1, 1, 1, 1, 1);
        Assert.That(CpuConvolutionChoice.For(shape, images, ConvolutionPass.Forward).Tile, Is.EqualTo(forward));
        Assert.That(CpuConvolutionChoice.For(shape, images, ConvolutionPass.InputGradient).Tile, Is.EqualTo(inputGradient));
        Assert.That(CpuConvolutionChoice.For(shape, images, ConvolutionPass.FilterGradient).Tile, Is.EqualTo(filterGradient));
    }

    [Test]
    public void OtherFiltersHaveNoChoice()
    {
        ConvolutionShape shape = new(64, 56, 56, 64, 3, 3, 1, 1, 1, 1, 1);
        Assert.That(CpuConvolutionChoice.Candidates(shape).Select(choice => choice.ToString()),
            Is.EqualTo(new[] { "direct", "Winograd 2x2", "Winograd 4x4" }));
        ConvolutionShape[] others =
        [
            shape with { R = 5, S = 5 }, shape with { S = 1 }, shape with { StrideH = 2 }, shape with { Groups = 2 }, shape with { C = 3 },
            shape with { K = 7 },
        ];
        foreach (ConvolutionShape other in others)
        {
            Assert.That(CpuConvolutionChoice.Candidates(other), Is.EqualTo(new[] { CpuConvolutionChoice.Direct }), $"{other}");
            Assert.That(CpuConvolutionChoice.For(other, 64, ConvolutionPass.Forward).IsDirect, $"{other}");
        }
    }

    private static Dictionary<string, string> Forced(ConvolutionSetting setting, int images, CpuConvolutionChoice choice) =>
        Enum.GetValues<ConvolutionPass>().ToDictionary(pass => pass.Describe(ShapeOf(setting), images), _ => choice.ToString());

    private static ConvolutionShape ShapeOf(ConvolutionSetting setting) => new(
        setting.Input.Channels, setting.Input.Height, setting.Input.Width, setting.Filters, setting.Size.H, setting.Size.W,
        setting.Stride.H, setting.Stride.W, setting.Padding.H, setting.Padding.W, setting.Groups);
}
