using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;
using GpuCnn.Pages;

namespace GpuCnn.Reports;

/// <summary>Training images as the network sees them in the first epoch, with their labels.</summary>
internal static class TrainingSamples
{
    private const int Most = 16;

    /// <summary>ImageNet's mean: erased areas are 0 after normalization.</summary>
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];

    public static IReadOnlyList<XElement> Of(
        ImageSplit split, Shape input, ImagePreparation preparation, Augmentation augmentation, ulong seed)
    {
        float[] mean = input.Channels == 1 ? [0.449f] : Mean, ones = [.. Enumerable.Repeat(1f, input.Channels)];
        ImagePreprocessor preprocessor = new(input, preparation.Fit, mean, ones) { AppliesOrientation = !preparation.IgnoresExif };
        using FeedWorker worker = new(split, augmentation, preprocessor, cache: null, hasViews: false);
        float[] values = new float[input.Count];
        List<XElement> pictures = [];
        int count = Math.Min(Most, split.Count);
        foreach (int image in Enumerable.Range(0, count).Select(place => split.Sample(place, count)).Distinct())
        {
            try
            {
                worker.Write(image, seed, 0, view: 0, values);
                pictures.Add(Html.Figure(Thumbnail.Of(ToImage(values, mean, input), split.Name(image)),
                    split.Classes[split.Labels[image]]));
            }
            catch (GpuCnnException)
            {
                // Training leaves images out that cannot be read; so does this.
            }
        }
        return pictures;
    }

    private static PixelImage ToImage(float[] values, float[] mean, Shape input)
    {
        PixelImage image = new(input.Width, input.Height, input.Channels);
        for (int i = 0; i < values.Length; i++)
            image.Pixels[i] = (byte)Math.Clamp((int)MathF.Round((values[i] + mean[i % mean.Length]) * 255), 0, 255);
        return image;
    }
}
