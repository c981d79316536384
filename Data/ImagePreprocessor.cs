using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>
/// From an image to what a network gets: fitted to the input's size as bytes (as torchvision's transforms on PIL images), then
/// <c>(value / 255 - mean) / std</c> per channel, in CHW.
/// </summary>
public sealed class ImagePreprocessor
{
    /// <summary>[C, 256]: the normalised value of each byte.</summary>
    private readonly float[] _normalised;

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
        _normalised = new float[shape.Channels * 256];
        for (int c = 0; c < shape.Channels; c++)
            for (int value = 0; value < 256; value++)
                _normalised[c * 256 + value] = (value / 255f - mean[c]) / std[c];
    }

    /// <summary>The preprocessing that a weights file states.</summary>
    /// <exception cref="GpuCnnException">It states one that no image can have.</exception>
    public ImagePreprocessor(ModelMetadata metadata) : this(metadata.Input, metadata.Fit, metadata.Mean, metadata.Std) { }

    public Shape Shape { get; }

    public ImageFit Fit { get; }

    public IReadOnlyList<float> Mean { get; }

    public IReadOnlyList<float> Std { get; }

    /// <summary>Reads an image file into <paramref name="destination"/>: [C, H, W].</summary>
    /// <exception cref="GpuCnnException">The file cannot be read or decoded.</exception>
    public void Read(string path, Span<float> destination) => Write(ImageFile.Read(path), destination);

    /// <summary>Fits and normalises an image into <paramref name="destination"/>: [C, H, W].</summary>
    public void Write(PixelImage image, Span<float> destination) => Normalise(FitToPlanes(image, Shape, Fit), default, destination);

    /// <summary>An image in the input's size and channels, as bytes: [C, H, W].</summary>
    internal static byte[] FitToPlanes(PixelImage image, Shape shape, ImageFit fit)
    {
        // Gray needs a third of the work: reduce the channels before scaling, but multiply them after it.
        PixelImage fitted = (shape.Channels == 1 ? image.ToGray() : image).FitTo(shape.Width, shape.Height, fit);
        byte[] planes = new byte[shape.Count], pixels = fitted.Pixels;
        int area = shape.Area, channels = fitted.Channels;
        for (int c = 0; c < shape.Channels; c++)
        {
            Span<byte> plane = planes.AsSpan(c * area, area);
            for (int i = 0, p = Math.Min(c, channels - 1); i < area; i++, p += channels) plane[i] = pixels[p];
        }
        return planes;
    }

    /// <summary>
    /// Normalises fitted bytes [C, H, W], moved and mirrored as <paramref name="transform"/> says; what moves in is black.
    /// </summary>
    internal void Normalise(ReadOnlySpan<byte> planes, SampleTransform transform, Span<float> destination)
    {
        int width = Shape.Width, height = Shape.Height;
        int firstX = Math.Clamp(-transform.ShiftX, 0, width), endX = Math.Clamp(width - transform.ShiftX, firstX, width);
        for (int c = 0; c < Shape.Channels; c++)
        {
            ReadOnlySpan<float> table = _normalised.AsSpan(c * 256, 256);
            for (int y = 0; y < height; y++)
            {
                Span<float> target = destination.Slice((c * height + y) * width, width);
                int sourceY = y + transform.ShiftY;
                if (sourceY < 0 || sourceY >= height)
                {
                    target.Fill(table[0]);
                    continue;
                }
                ReadOnlySpan<byte> source = planes.Slice((c * height + sourceY) * width, width);
                target[..firstX].Fill(table[0]);
                target[endX..].Fill(table[0]);
                for (int x = firstX; x < endX; x++) target[x] = table[source[x + transform.ShiftX]];
                if (transform.IsMirrored) target.Reverse();
            }
        }
    }

    internal static void CheckShape(Shape shape)
    {
        if (shape.IsVector || shape.Channels is not (1 or 3))
            throw new GpuCnnException($"Image data expects an input of 1xHxW or 3xHxW, but got {shape}; choose such an input.");
    }
}
