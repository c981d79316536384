using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// From an image to what a network gets: fitted to the input's size as bytes (as torchvision's transforms on PIL images), then
/// <c>(value / 255 - mean) / std</c> per channel, in [H, W, C].
/// </summary>
public sealed class ImagePreprocessor
{
    /// <param name="shape">C x H x W with C of 1 (RGB images become luma) or 3 (gray images are repeated).</param>
    /// <param name="fit">How images of another size are brought to H x W.</param>
    /// <param name="mean">[C], of values in [0, 1].</param>
    /// <param name="std">[C], positive.</param>
    /// <exception cref="GpuCnnException">The shape is not one of an image, or mean and std are not [C] finite numbers with std above
    /// 0.</exception>
    public ImagePreprocessor(Shape shape, ImageFit fit, IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        CheckShape(shape);
        if (mean.Count != shape.Channels || std.Count != shape.Channels || !mean.All(float.IsFinite)
            || !std.All(s => float.IsFinite(s) && s > 0))
        {
            throw new GpuCnnException(
                $"Preprocessing for {shape} expects {shape.Channels} finite means and positive standard deviations, " +
                $"but got [{string.Join(", ", mean)}] and [{string.Join(", ", std)}]; give one of each for every channel.");
        }
        Shape = shape;
        Fit = fit;
        Mean = [.. mean];
        Std = [.. std];
    }

    /// <summary>The preprocessing that a weights file states.</summary>
    /// <exception cref="GpuCnnException">It states one that no image can have.</exception>
    public ImagePreprocessor(ModelMetadata metadata) : this(metadata.Input, metadata.Fit, metadata.Mean, metadata.Std)
    {
        ResizeTo = metadata.ResizeTo;
        AppliesOrientation = !metadata.IgnoresExif;
    }

    public Shape Shape { get; }

    public ImageFit Fit { get; }

    /// <summary>
    /// Pixels that the shorter side is scaled to before the centre is cropped, no fewer than the input's sides; 0 where images are scaled
    /// until
    /// they cover the input. Of <see cref="ImageFit.Resize"/>.
    /// </summary>
    public int ResizeTo
    {
        get;
        init => field = CheckSide(value);
    }

    /// <summary>Whether images are turned upright as EXIF's orientation says.</summary>
    public bool AppliesOrientation { get; init; } = true;

    /// <summary>What images are scaled with.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;

    public IReadOnlyList<float> Mean { get; }

    public IReadOnlyList<float> Std { get; }

    /// <summary>Reads an image file into <paramref name="destination"/>: [H, W, C].</summary>
    /// <exception cref="GpuCnnException">The file cannot be read or decoded.</exception>
    public void Read(string path, Span<float> destination)
    {
        using SampleWriter writer = new(this, Augmentation.None);
        writer.Opened(writer.Decoder.Open(path), inForm: false);
        writer.Write(destination);
    }

    /// <summary>Fits and normalizes an image into <paramref name="destination"/>: [H, W, C].</summary>
    public void Write(PixelImage image, Span<float> destination)
    {
        using SampleWriter writer = new(this, Augmentation.None);
        writer.Opened(writer.Decoder.Open(image), inForm: false);
        writer.Write(destination);
    }

    private int CheckSide(int side)
    {
        int longer = Math.Max(Shape.Width, Shape.Height);
        if (side == 0 || (Fit == ImageFit.Resize && side >= longer)) return side;
        string resized = Fit == ImageFit.Resize ? "" : " that are resized, not padded,";
        throw new GpuCnnException(
            $"Preprocessing for {Shape} expects images{resized} to be scaled to a shorter side of {longer} pixels or more, "
            + $"but got {side}.");
    }

    internal static void CheckShape(Shape shape)
    {
        if (shape.IsVector || shape.Channels is not (1 or 3))
            throw new GpuCnnException($"Image data expects an input of 1xHxW or 3xHxW, but got {shape}; choose such an input.");
    }
}
