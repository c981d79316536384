using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GpuCnn.Data;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Compares with torchvision's transforms, bit for bit; make_resample_vectors.py wrote the hashes.</summary>
public sealed class ResamplerTests
{
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f];

    [Test]
    public void EqualsTorchvision()
    {
        string[] lines = File.ReadAllLines(Path.Combine(JpegVectors.Folder, "resample.txt"));
        Assert.That(lines, Has.Length.GreaterThan(300));
        Check(lines, (decoder, name) => decoder.Open(JpegVectors.Files[name], name));
    }

    [Test]
    public void CropsOfPhotographsEqualTorchvision()
    {
        string folder = TestData.Require("imagenet-sample");
        string[] lines = File.ReadAllLines(Path.Combine(JpegVectors.Folder, "resample-sample.txt"));
        Assert.That(lines, Has.Length.EqualTo(107));
        Check(lines, (decoder, name) => decoder.Open(Path.Combine(folder, name)));
    }

    private static void Check(string[] lines, Func<PictureDecoder, string, ImageHeader> open)
    {
        using PictureDecoder decoder = new() { AppliesOrientation = false };
        using Resampler resampler = new();
        using Picture target = new();
        Normalizer normalizer = new(Mean, Std);
        foreach (string line in lines)
        {
            string[] p = line.Split(' ');
            ImageHeader header = open(decoder, p[0]);
            int width = int.Parse(p[6]), height = int.Parse(p[7]);
            Scaling scaling = p[2] == "centre" ? Scaling.Centre(header.Width, header.Height, int.Parse(p[3]), width, height)
                : Scaling.Of(new Window(int.Parse(p[2]), int.Parse(p[3]), int.Parse(p[4]), int.Parse(p[5])), width, height);
            bool isMirrored = p[8] == "1";
            Window needed = resampler.Prepare(scaling, p[1] == "bilinear" ? Interpolation.Bilinear : Interpolation.Bicubic);
            Picture source = decoder.Decode(needed);
            resampler.Resize(source, isMirrored, 3, target);
            Assert.That(HashOf(target.ToImage().Pixels), Is.EqualTo(p[9]), $"bytes of {line}");

            float[] floats = new float[3 * width * height], channelsFirst = new float[floats.Length], behind = new float[floats.Length];
            resampler.Resize(source, isMirrored, normalizer, floats);
            ImageLayout.ToChannelsFirst(Shape.Volume(3, height, width), floats, channelsFirst);
            Assert.That(HashOf(MemoryMarshal.AsBytes<float>(channelsFirst)), Is.EqualTo(p[10]), $"floats of {line}");

            // Converting through bytes and mirroring at the end gives the same.
            resampler.Resize(source, isMirrored: false, 3, target);
            normalizer.Write(target, isMirrored, behind);
            Assert.That(behind, Is.EqualTo(floats), $"bytes, then floats of {line}");
        }
    }

    /// <summary>Compares with sums in plain loops, which follow Pillow's source, for shapes that the vectors lack.</summary>
    [Test]
    public void EqualsTheDefinition([Values("bilinear", "bicubic")] string name)
    {
        Interpolation interpolation = name == "bilinear" ? Interpolation.Bilinear : Interpolation.Bicubic;
        RandomStream random = new(9, 8, 7);
        using Resampler resampler = new();
        using Picture source = new(), target = new();
        for (int round = 0; round < 400; round++)
        {
            int channels = random.NextBool() ? 1 : 3;
            PixelImage image = new(1 + random.NextInt(round % 4 == 0 ? 900 : 30), 1 + random.NextInt(round % 5 == 0 ? 700 : 30), channels);
            for (int i = 0; i < image.Pixels.Length; i++)
                image.Pixels[i] = (byte)(random.NextInt(3) == 0 ? random.NextInt(2) * 255 : random.NextInt(256));
            int fullWidth = 1 + random.NextInt(40), fullHeight = 1 + random.NextInt(40);
            int x = random.NextInt(fullWidth), y = random.NextInt(fullHeight);
            Scaling scaling = new(Window.Whole(image.Width, image.Height), fullWidth, fullHeight, x, y,
                1 + random.NextInt(fullWidth - x), 1 + random.NextInt(fullHeight - y));
            source.CopyFrom(image, resampler.Prepare(scaling, interpolation));
            resampler.Resize(source, isMirrored: false, channels, target);
            PixelImage across = Transposed(Columns(image, scaling.FullWidth, scaling.X, scaling.Width, interpolation));
            PixelImage expected = Transposed(Columns(across, scaling.FullHeight, scaling.Y, scaling.Height, interpolation));
            Assert.That(target.ToImage().Pixels, Is.EqualTo(expected.Pixels), $"{image}, {scaling}");
        }
    }

    [Test]
    public void PartsOutsideAreRefused()
    {
        using Resampler resampler = new();
        using Picture source = new(), target = new();
        Window whole = Window.Whole(10, 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => resampler.Prepare(new Scaling(whole, 5, 5, 1, 0, 5, 5), Interpolation.Bilinear));
        Assert.Throws<ArgumentOutOfRangeException>(() => resampler.Prepare(new Scaling(whole, 5, 5, 0, 0, 0, 5), Interpolation.Bilinear));
        resampler.Prepare(Scaling.Of(whole, 5, 5), Interpolation.Bilinear);
        source.Reset(new Window(0, 0, 9, 10), 3);
        Assert.Throws<ArgumentException>(() => resampler.Resize(source, isMirrored: false, 3, target));
    }

    private static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..32];

    private static PixelImage Columns(PixelImage image, long full, long first, int count, Interpolation interpolation)
    {
        PixelImage result = new(count, image.Height, image.Channels);
        double scale = (double)image.Width / full, widening = Math.Max(scale, 1);
        double support = (interpolation == Interpolation.Bilinear ? 1 : 2) * widening;
        for (int i = 0; i < count; i++)
        {
            double centre = (first + i + 0.5) * scale;
            int low = Math.Max((int)(centre - support + 0.5), 0), high = Math.Min((int)(centre + support + 0.5), image.Width);
            double[] weights = [.. Enumerable.Range(low, high - low).Select(k => Kernel((k - centre + 0.5) * (1 / widening)))];
            double normalize = 1.0 / weights.Sum();
            int[] whole = [.. weights.Select(w => w * normalize * (1 << 22)).Select(w => (int)(w < 0 ? w - 0.5 : w + 0.5))];
            for (int y = 0; y < image.Height; y++)
                for (int c = 0; c < image.Channels; c++)
                {
                    int sum = 1 << 21;
                    for (int k = 0; k < whole.Length; k++) sum += image.Pixels[(y * image.Width + low + k) * image.Channels + c] * whole[k];
                    result.Pixels[(y * count + i) * image.Channels + c] = (byte)Math.Clamp(sum >> 22, 0, 255);
                }
        }
        return result;

        double Kernel(double x)
        {
            x = Math.Abs(x);
            if (interpolation == Interpolation.Bilinear) return x < 1 ? 1 - x : 0;
            return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
        }
    }

    private static PixelImage Transposed(PixelImage image)
    {
        PixelImage result = new(image.Height, image.Width, image.Channels);
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                for (int c = 0; c < image.Channels; c++)
                    result.Pixels[(x * image.Height + y) * image.Channels + c] = image.Pixels[(y * image.Width + x) * image.Channels + c];
        return result;
    }
}
