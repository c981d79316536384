using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>
/// Draws pictures as a network sees them, side by side: a row per image, first as evaluated, then as epochs of training show it.
/// </summary>
internal static class SampleSheet
{
    private const int Gap = 2;

    /// <summary>ImageNet's mean: erased areas are 0 after normalization.</summary>
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];

    /// <param name="split">The images; some are taken evenly.</param>
    /// <param name="input">The network's input shape.</param>
    /// <param name="fit">Fits images to the input; its mean and std are not used.</param>
    /// <param name="augmentation">Changes training images.</param>
    /// <param name="mixing">Mixes a column's images with each other; null for none.</param>
    /// <param name="rows">Number of images.</param>
    /// <param name="columns">Pictures of each image, at least 1.</param>
    /// <param name="seed">Gives the random changes of a run with this seed.</param>
    /// <exception cref="GpuCnnException">An image cannot be read.</exception>
    public static PixelImage Draw(
        ImageSplit split, Shape input, ImagePreprocessor fit, Augmentation augmentation, BatchMixing? mixing, int rows, int columns,
        ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        rows = Math.Min(rows, split.Count);
        float[] mean = input.Channels == 1 ? [0.449f] : Mean, ones = [.. Enumerable.Repeat(1f, input.Channels)];
        ImagePreprocessor judged = new(input, fit.Fit, mean, ones) { ResizeTo = fit.ResizeTo, AppliesOrientation = fit.AppliesOrientation };
        ImagePreprocessor trained = new(input, fit.Fit, mean, ones) { AppliesOrientation = fit.AppliesOrientation };
        using FeedWorker first = new(split, Augmentation.None, judged, cache: null, hasViews: false);
        using FeedWorker others = new(split, augmentation, trained, cache: null, hasViews: false);
        PixelImage sheet = new(columns * (input.Width + Gap) - Gap, rows * (input.Height + Gap) - Gap, input.Channels);
        sheet.Pixels.AsSpan().Fill(255);
        Batch batch = new(input, rows) { Count = rows };
        float[] spare = new float[input.Count];
        for (int column = 0; column < columns; column++)
        {
            for (int row = 0; row < rows; row++)
            {
                int image = (int)((long)row * split.Count / rows);
                if (column == 0) first.Write(image, seed: null, 0, view: 0, batch.Image(row));
                else others.Write(image, seed, column - 1, view: 0, batch.Image(row));
            }
            if (column > 0) mixing?.Apply(batch, seed, column - 1, spare);
            for (int row = 0; row < rows; row++)
                Paste(batch.Image(row), mean, input, sheet, column * (input.Width + Gap), row * (input.Height + Gap));
        }
        return sheet;
    }

    private static void Paste(ReadOnlySpan<float> values, float[] mean, Shape input, PixelImage sheet, int left, int top)
    {
        for (int y = 0; y < input.Height; y++)
        {
            Span<byte> row = sheet.Row(top + y)[(left * input.Channels)..];
            int count = input.Width * input.Channels;
            for (int i = 0; i < count; i++)
            {
                float value = values[y * count + i] + mean[i % input.Channels];
                row[i] = (byte)Math.Clamp((int)MathF.Round(value * 255), 0, 255);
            }
        }
    }
}
