using System.Runtime.Intrinsics;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Rows of all widths and kinds, against the values of single bytes, bit for bit.</summary>
public sealed class NormalizerTests
{
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f];

    /// <param name="from">Channels of the picture.</param>
    /// <param name="channels">Channels of the network.</param>
    [TestCase(1, 1, false)]
    [TestCase(1, 1, true)]
    [TestCase(1, 3, false)]
    [TestCase(1, 3, true)]
    [TestCase(3, 3, false)]
    [TestCase(3, 3, true)]
    public void EveryValueIsItsBytes(int from, int channels, bool isMirrored)
    {
        Normalizer normalizer = new(Mean[..channels], Std[..channels]);
        using Picture picture = new();
        for (int width = 1; width <= 100; width++)
        {
            Fill(picture, width, 3, from);
            float[] values = new float[width * 3 * channels];
            normalizer.Write(picture, isMirrored, values);
            Assert.That(values, Is.EqualTo(Expected(normalizer, picture, isMirrored)), $"{width} pixels");
        }
    }

    /// <summary>On this processor the widest is in use; the others must not differ.</summary>
    [Test]
    public unsafe void VectorsOfEachWidthGiveTheSame(
        [Values(128, 256, 512)] int bits, [Values("1 to 1", "1 to 3", "3 to 3")] string kind, [Values] bool isMirrored)
    {
        if (bits == 512 && !Vector512.IsHardwareAccelerated) Assert.Ignore("The processor has no vectors of 512 bits.");
        if (bits == 256 && !Vector256.IsHardwareAccelerated) Assert.Ignore("The processor has no vectors of 256 bits.");
        int from = kind[0] - '0', channels = kind[^1] - '0';
        Normalizer normalizer = new(Mean[..channels], Std[..channels]);
        NormalizerVectors vectors = new(Mean[..channels], Std[..channels]);
        using Picture picture = new();
        for (int width = bits / 32; width <= 70; width++)
        {
            Fill(picture, width, 1, from);
            float[] values = new float[width * channels];
            fixed (float* target = values)
            {
                if (bits == 512) vectors.Write512(picture.Pixels, picture.Channels, width, isMirrored, target);
                else if (bits == 256) vectors.Write256(picture.Pixels, picture.Channels, width, isMirrored, target);
                else vectors.Write128(picture.Pixels, picture.Channels, width, isMirrored, target);
            }
            Assert.That(values, Is.EqualTo(Expected(normalizer, picture, isMirrored)), $"{width} pixels");
        }
    }

    /// <summary>All 256 bytes of every channel.</summary>
    [Test]
    public void EveryByteOfEveryChannel()
    {
        Normalizer normalizer = new(Mean, Std);
        using Picture picture = new();
        picture.Reset(256, 1, 3);
        for (int x = 0; x < 256; x++)
            (picture.Row(0)[4 * x], picture.Row(0)[4 * x + 1], picture.Row(0)[4 * x + 2], picture.Row(0)[4 * x + 3]) =
                ((byte)x, (byte)(255 - x), (byte)(x ^ 85), (byte)(7 * x));
        float[] values = new float[3 * 256];
        normalizer.Write(picture, isMirrored: false, values);
        for (int x = 0; x < 256; x++)
            for (int c = 0; c < 3; c++)
                Assert.That(values[3 * x + c], Is.EqualTo((picture.Row(0)[4 * x + c] / 255f - Mean[c]) / Std[c]));
    }

    private static void Fill(Picture picture, int width, int height, int channels)
    {
        RandomStream random = new(4, (ulong)width, (ulong)channels);
        picture.Reset(width, height, channels);
        for (int y = 0; y < height; y++)
            foreach (ref byte value in picture.Row(y)) value = (byte)random.NextInt(256);
    }

    private static float[] Expected(Normalizer normalizer, Picture picture, bool isMirrored)
    {
        int channels = normalizer.Channels;
        float[] values = new float[picture.Width * picture.Height * channels];
        for (int y = 0; y < picture.Height; y++)
            for (int x = 0; x < picture.Width; x++)
                for (int c = 0; c < channels; c++)
                {
                    int from = isMirrored ? picture.Width - 1 - x : x;
                    byte value = picture.Row(y)[from * picture.PixelBytes + Math.Min(c, picture.Channels - 1)];
                    values[(y * picture.Width + x) * channels + c] = normalizer.Value(c, value);
                }
        return values;
    }
}
