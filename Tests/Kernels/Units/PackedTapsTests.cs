using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.MatrixProduct;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>How much of what matrix units load and multiply in first layers is padding.</summary>
public sealed class PackedTapsTests
{
    private static readonly ConvolutionShape ResNet = new(3, 224, 224, 64, 7, 7, 2, 2, 3, 3, 1),
        AlexNet = new(3, 224, 224, 64, 11, 11, 4, 4, 2, 2, 1), Vgg = new(3, 224, 224, 64, 3, 3, 1, 1, 1, 1, 1),
        LeNet = new(1, 28, 28, 8, 5, 5, 1, 1, 2, 2, 1);

    private static IEnumerable<TestCaseData> FirstLayers() =>
    [
        // Values of a window, then floats of a row of the image. Two taps of bfloat16 share a load; a tap of TF32 fills one.
        Row("ResNet-50", ResNet, FactorType.BFloat16, 7 * 8 * 4, 115 * 4), Row("ResNet-50", ResNet, FactorType.TF32, 7 * 7 * 4, 224 * 4),
        Row("AlexNet", AlexNet, FactorType.BFloat16, 11 * 12 * 4, 114 * 4), Row("AlexNet", AlexNet, FactorType.TF32, 11 * 11 * 4, 224 * 4),
        Row("VGG", Vgg, FactorType.BFloat16, 3 * 4 * 4, 226 * 4), Row("VGG", Vgg, FactorType.TF32, 3 * 3 * 4, 224 * 4),
        Row("LeNet", LeNet, FactorType.BFloat16, 5 * 8, 28 * 4), Row("LeNet", LeNet, FactorType.TF32, 5 * 8, 32 * 4),
    ];

    [TestCaseSource(nameof(FirstLayers))]
    public void WindowsAndRowsAreAsShortAsLoadsAllow(ConvolutionShape shape, FactorType factors, int window, int row)
    {
        var packed = new PackedTaps(shape, factors);
        Assert.That(packed.WindowValues, Is.EqualTo(window));
        Assert.That(packed.InputFloats(1), Is.EqualTo(row * shape.H));
        Assert.That(packed.FilterFloats, Is.EqualTo(window * shape.K / factors.PerFloat()));
    }

    [Test]
    public void ABatchWhoseCopyIsTooLargeForKernelsIsRefused() => Assert.That(
        () => new PackedTaps(LeNet, FactorType.BFloat16).InputFloats(400_000),
        Throws.ArgumentException.With.Message.Contains("400000 images").And.Message.Contains("smaller batch"));

    private static TestCaseData Row(string name, ConvolutionShape shape, FactorType factors, int window, int row) =>
        new TestCaseData(shape, factors, window, row).SetArgDisplayNames(name, factors.Name());
}
