using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Onnx;

/// <summary>What a program in any language has to do to an image before a network gets it, in words.</summary>
internal static class PreparationText
{
    /// <summary>The steps in their order, a line each.</summary>
    public static IReadOnlyList<string> Steps(ModelMetadata metadata)
    {
        Shape input = metadata.Input;
        int width = input.Width, height = input.Height;
        bool isGray = input.Channels == 1;
        List<string> steps =
        [
            metadata.IgnoresExif ? "Take the image as it is stored, whatever EXIF's orientation says."
                : "Turn the image upright as EXIF's orientation says.",
            isGray ? "Convert it to gray: 0.299 R + 0.587 G + 0.114 B." : "Convert it to RGB.",
        ];
        if (metadata.Fit == ImageFit.Pad)
        {
            steps.Add($"If it is larger than {width}x{height} (width x height), scale it down until it fits, keeping its proportions "
                + "(bilinear, antialiased).");
            steps.Add($"Place it in the centre of a black image of {width}x{height}.");
        }
        else
        {
            steps.Add(metadata.ResizeTo > 0
                ? $"Scale it so that the shorter side has {metadata.ResizeTo} pixels, keeping its proportions (bilinear, antialiased)."
                : $"Scale it until it just covers {width}x{height} (width x height), keeping its proportions (bilinear, antialiased).");
            steps.Add($"Cut out the centre of {width}x{height}.");
        }
        steps.Add($"Divide each value by 255, subtract the mean {Numbers(metadata.Mean)}, and divide by the standard deviation "
            + $"{Numbers(metadata.Std)}{(isGray ? "" : ", in the order R, G, B")}.");
        steps.Add($"Store float32 as [batch, {input.Channels}, {height}, {width}]: images, channels, rows, columns.");
        return steps;
    }

    private static string Numbers(IReadOnlyList<float> values) =>
        string.Join(", ", values.Select(value => value.ToString(CultureInfo.InvariantCulture)));
}
