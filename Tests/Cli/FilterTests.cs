using GpuCnn.Cli;
using GpuCnn.Data;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Hand-made kernels, against their sums written out in whole numbers.</summary>
public sealed class FilterTests
{
    private static readonly Dictionary<string, (int[] Weights, int Divisor)> Kernels = new()
    {
        ["blur"] = ([1, 1, 1, 1, 1, 1, 1, 1, 1], 9),
        ["sharpen"] = ([0, -1, 0, -1, 5, -1, 0, -1, 0], 1),
        ["edges"] = ([1, 1, 1, 1, -8, 1, 1, 1, 1], 1),
        ["vertical-edges"] = ([-1, 0, 1, -2, 0, 2, -1, 0, 1], 1),
    };

    [Test]
    public void EachChannelIsConvolved([Values("blur", "sharpen", "edges", "vertical-edges")] string name, [Values(1, 3)] int channels,
        [Values("cpu", "debug")] string device)
    {
        using TemporaryFolder folder = new();
        PixelImage image = Noise(13, 9, channels);
        string source = folder[channels == 1 ? "in.pgm" : "in.ppm"], target = folder["out.png"];
        ImageFile.Write(source, image);
        Assert.That(Succeed("filter", name, source, target, "--device", device).Output, Does.Contain("13x9"));
        PixelImage filtered = ImageFile.Read(target);
        Assert.That(filtered.Channels, Is.EqualTo(channels));
        Assert.That(filtered.Pixels, Is.EqualTo(Expected(image, Kernels[name].Weights, Kernels[name].Divisor)));
        Assert.That(filtered.Pixels, Has.Some.EqualTo(0).Or.Some.GreaterThan(100));
    }

    [TestCase("filter emboss in.png out.png", "blur, sharpen, edges, vertical-edges", "'emboss'")]
    [TestCase("filter blur in.png", "OUT")]
    public void WrongUsage(string line, params string[] parts) => Fail(Program.WrongUsage, line.Split(' '), parts);

    [Test]
    public void FilesThatAreNoImages()
    {
        using TemporaryFolder folder = new();
        Fail(Program.Failed, ["filter", "blur", folder["none.png"], folder["out.png"]], "none.png");
        ImageFile.Write(folder["in.png"], Noise(3, 3, 1));
        Fail(Program.Failed, ["filter", "blur", folder["in.png"], folder["out.gif"]], "'.gif'");
    }

    private static PixelImage Noise(int width, int height, int channels)
    {
        var image = new PixelImage(width, height, channels);
        new Random(5).NextBytes(image.Pixels);
        return image;
    }

    private static byte[] Expected(PixelImage image, int[] weights, int divisor)
    {
        int width = image.Width, height = image.Height, channels = image.Channels;
        var result = new byte[image.Pixels.Length];
        for (int i = 0; i < result.Length; i++)
        {
            int c = i % channels, x = i / channels % width, y = i / channels / width, sum = 0;
            for (int r = -1; r <= 1; r++)
                for (int s = -1; s <= 1; s++)
                    if (x + s >= 0 && x + s < width && y + r >= 0 && y + r < height)
                        sum += weights[3 * (r + 1) + s + 1] * image.Pixels[((y + r) * width + x + s) * channels + c];
            result[i] = (byte)Math.Clamp((int)Math.Floor((sum + divisor / 2.0) / divisor), 0, 255);
        }
        return result;
    }
}
