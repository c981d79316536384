using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class ImagePreprocessorTests
{
    [Test]
    public void NormalizesEachChannelByItsOwn()
    {
        using TemporaryFolder folder = new();
        string path = folder.Add([.. "P6 2 1 255\n"u8, 0, 51, 255, 102, 153, 204], "a.ppm");
        float[] values = new float[6];
        new ImagePreprocessor(Shape.Volume(3, 1, 2), ImageFit.Resize, [0.1f, 0.2f, 0.3f], [0.5f, 0.25f, 2f]).Read(path, values);
        Assert.That(values, Is.EqualTo(new[] { -0.2f, 0f, 0.35f, 0.6f, 1.6f, 0.25f }).Within(1e-6f));
    }

    [Test]
    public void ChannelsFollowTheInput()
    {
        float[] gray = new float[1], rgb = new float[3];
        new ImagePreprocessor(Shape.Volume(1, 1, 1), ImageFit.Pad, [0], [1]).Write(new PixelImage(1, 1, 3, [255, 0, 0]), gray);
        new ImagePreprocessor(Shape.Volume(3, 1, 1), ImageFit.Pad, [0, 0, 0], [1, 1, 1]).Write(new PixelImage(1, 1, 1, [51]), rgb);
        Assert.That(gray[0], Is.EqualTo(76 / 255f));
        Assert.That(rgb, Is.All.EqualTo(0.2f));
    }

    [Test]
    public void InvalidInputsGiveOneLineErrors()
    {
        OneLine.Thrown(() => _ = new ImagePreprocessor(Shape.Volume(2, 4, 4), ImageFit.Pad, [0, 0], [1, 1]), "1xHxW or 3xHxW", "2x4x4");
        OneLine.Thrown(() => _ = new ImagePreprocessor(Shape.Vector(3), ImageFit.Pad, [0, 0, 0], [1, 1, 1]), "1xHxW or 3xHxW");
        OneLine.Thrown(() => _ = new ImagePreprocessor(Shape.Volume(3, 4, 4), ImageFit.Pad, [0], [1]), "3 finite means");
        OneLine.Thrown(() => _ = new ImagePreprocessor(Shape.Volume(1, 4, 4), ImageFit.Pad, [0], [0]), "[0]");
        OneLine.Thrown(() => _ = new ImagePreprocessor(Shape.Volume(1, 4, 4), ImageFit.Pad, [float.NaN], [1]), "NaN");
    }

    [Test]
    public void StatisticsUseFittedImages()
    {
        // Four pixels of 0 around two of 200 or 100; computed by hand.
        MemorySplit split = new("two", ["a"], [0, 0], [new PixelImage(1, 2, 1, [200, 200]), new PixelImage(1, 2, 1, [100, 100])], "two");
        NormalizationStatistics statistics = NormalizationStatistics.Compute(split, Shape.Volume(1, 2, 2), ImageFit.Pad);
        Assert.That(statistics.Mean[0], Is.EqualTo(75 / 255.0).Within(1e-6));
        // Squares: (2 · 40000 + 2 · 10000) / 8 = 12500; 12500 - 75² = 6875.
        Assert.That(statistics.Std[0], Is.EqualTo(Math.Sqrt(6875) / 255).Within(1e-6));
        MemorySplit flat = new("flat", ["a"], [0], [new PixelImage(1, 1, 1, [9])], "flat");
        Assert.That(NormalizationStatistics.Compute(flat, Shape.Volume(1, 1, 1), ImageFit.Pad).Std, Is.EqualTo(new[] { 1f }));
    }
}
