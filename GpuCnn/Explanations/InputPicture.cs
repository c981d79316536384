using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>Turns a network's input into the picture that was normalized.</summary>
internal static class InputPicture
{
    /// <param name="image">[H, W, C]</param>
    public static PixelImage Of(ReadOnlySpan<float> image, Shape input, ImagePreparation preparation)
    {
        int channels = input.Channels;
        if (channels is not (1 or 3)) throw new GpuCnnException($"A picture has 1 or 3 channels, but got an input of {input}.");
        var picture = new PixelImage(input.Width, input.Height, channels);
        for (int i = 0; i < picture.Pixels.Length; i++)
        {
            int channel = i % channels;
            float mean = preparation.Mean?[channel] ?? 0, std = preparation.Std?[channel] ?? 1;
            picture.Pixels[i] = (byte)Math.Clamp(MathF.Round(255 * (image[i] * std + mean)), 0, 255);
        }
        return picture;
    }
}
