using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>
/// Compares each augmentation's result with torchvision and Pillow (make_augmentation_vectors.py), which drew from the same random numbers:
/// the drawn parameters, and every pixel.
/// </summary>
public sealed class AugmentationVectorTests
{
    private const int SourceWidth = 61, SourceHeight = 47, Width = 12, Height = 16;

    private static string Path => System.IO.Path.Combine(TestData.RepositoryRoot, "Tests", "Data", "vectors", "augmentations.safetensors");

    public static IEnumerable<string> Cases()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path);
        return [.. file.Entries.Select(entry => entry.Name)];
    }

    [TestCaseSource(nameof(Cases))]
    public void PixelsEqualTorchvision(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path);
        string[] parts = name.Split(' ');
        int channels = int.Parse(parts[0]);
        Shape shape = Shape.Volume(channels, Height, Width);
        float[] expected = new float[shape.Count];
        ImageLayout.ToChannelsLast(shape, file.ReadTensor(name).Values, expected);
        var preprocessor = new ImagePreprocessor(shape, ImageFit.Resize, new float[channels], [.. Enumerable.Repeat(1f, channels)]);
        Augmentation augmentation = Augmentation.Parse(parts[1]);
        Assert.That(Augmentation.Parse(augmentation.ToString()).ToString(), Is.EqualTo(augmentation.ToString()), "reads back");
        using SampleWriter writer = new(preprocessor, augmentation);
        float[] actual = new float[shape.Count];
        RandomStream random = Augmentation.Draws(ulong.Parse(parts[2]), long.Parse(parts[3]), int.Parse(parts[4]));
        writer.Opened(writer.Decoder.Open(Source(channels)), inForm: false);
        writer.Write(ref random, actual);
        // Bytes are equal. Changes of values may be rounded once more or less.
        if (!name.Contains("pca", StringComparison.Ordinal)) Assert.That(actual, Is.EqualTo(expected));
        else Assert.That(actual, Is.EqualTo(expected).Within(3e-7f));

        // Every form that a cache may keep gives the same result.
        writer.Opened(writer.Decoder.Open(Source(channels)), inForm: false);
        float[] again = new float[shape.Count];
        random = Augmentation.Draws(ulong.Parse(parts[2]), long.Parse(parts[3]), int.Parse(parts[4]));
        Picture kept = writer.ToForm();
        Assert.That((long)kept.Width * kept.Height * kept.Channels, Is.EqualTo(FormBytes(preprocessor, augmentation, channels)));
        writer.Write(ref random, again);
        Assert.That(again, Is.EqualTo(actual), "from its form");
    }

    private static long FormBytes(ImagePreprocessor preprocessor, Augmentation augmentation, int channels)
    {
        using SampleWriter writer = new(preprocessor, augmentation);
        writer.Opened(writer.Decoder.Open(Source(channels)), inForm: false);
        return writer.FormBytes();
    }

    /// <summary>The same formula as in make_augmentation_vectors.py.</summary>
    private static PixelImage Source(int channels)
    {
        PixelImage image = new(SourceWidth, SourceHeight, channels);
        uint state = 7;
        for (int y = 0; y < SourceHeight; y++)
            for (int x = 0; x < SourceWidth; x++)
                for (int c = 0; c < channels; c++)
                {
                    state = unchecked(1664525 * state + 1013904223);
                    image.Pixels[(y * SourceWidth + x) * channels + c] = (byte)(4 * x + 3 * y * (c + 1) + (state >> 24) % 64);
                }
        return image;
    }
}
