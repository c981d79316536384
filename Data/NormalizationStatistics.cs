using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Mean and standard deviation of each channel over fitted images, of values in [0, 1].</summary>
/// <param name="Mean">[C].</param>
/// <param name="Std">[C]; 1 for a channel that never varies, which it then leaves alone.</param>
/// <param name="Images">How many images were looked at.</param>
internal sealed record NormalizationStatistics(IReadOnlyList<float> Mean, IReadOnlyList<float> Std, int Images)
{
    /// <summary>Of images in files of their own, at most this many are looked at, evenly spaced.</summary>
    public const int LargestSample = 2000;

    /// <summary>
    /// Looks at all images that are in memory, or at up to <see cref="LargestSample"/> files. The sums are those of bytes and their squares
    /// in whole numbers: exact, hence the same whatever the number of threads.
    /// </summary>
    /// <param name="badImages">What becomes of images that cannot be read; null throws at the first.</param>
    /// <param name="appliesOrientation">Whether images are turned upright as EXIF's orientation says.</param>
    /// <exception cref="GpuCnnException">An image cannot be read, or the shape is not one of an image.</exception>
    public static NormalizationStatistics Compute(ImageSplit split, Shape shape, ImageFit fit, BadImages? badImages = null,
        bool appliesOrientation = true)
    {
        ImagePreprocessor.CheckShape(shape);
        float[] zeros = new float[shape.Channels], ones = [.. Enumerable.Repeat(1f, shape.Channels)];
        ImagePreprocessor preprocessor = new(shape, fit, zeros, ones) { AppliesOrientation = appliesOrientation };
        using ThreadLocal<SampleWriter> writers = new(() => new SampleWriter(preprocessor, Augmentation.None), trackAllValues: true);
        int count = split.IsInMemory ? split.Count : Math.Min(split.Count, LargestSample);
        long[] sums = new long[shape.Channels], squares = new long[shape.Channels];
        int readable = count;
        try
        {
            InOrder.Run(count, i =>
            {
                Picture picture;
                int image = split.Sample(i, count);
                try
                {
                    SampleWriter writer = writers.Value!;
                    writer.Opened(split.Open(image, writer.Decoder), inForm: false);
                    picture = writer.ToForm();
                }
                catch (GpuCnnException e) when (badImages is not null)
                {
                    badImages.Add(image, e);
                    Interlocked.Decrement(ref readable);
                    return;
                }
                ReadOnlySpan<byte> pixels = PictureCanvas.PixelsOf(picture);
                int pixel = picture.PixelBytes;
                for (int c = 0; c < shape.Channels; c++)
                {
                    long sum = 0, square = 0;
                    for (int at = Math.Min(c, picture.Channels - 1); at < pixels.Length; at += pixel)
                    {
                        sum += pixels[at];
                        square += pixels[at] * pixels[at];
                    }
                    Interlocked.Add(ref sums[c], sum);
                    Interlocked.Add(ref squares[c], square);
                }
            });
        }
        finally
        {
            foreach (SampleWriter writer in writers.Values) writer.Dispose();
        }

        float[] mean = new float[shape.Channels], std = new float[shape.Channels];
        double values = (double)readable * shape.Area;
        for (int c = 0; c < mean.Length; c++)
        {
            double average = sums[c] / values;
            double variance = Math.Max(0, squares[c] / values - average * average);
            mean[c] = (float)(average / 255);
            std[c] = variance < 1e-6 ? 1 : (float)(Math.Sqrt(variance) / 255);
        }
        return new NormalizationStatistics(mean, std, readable);
    }
}
