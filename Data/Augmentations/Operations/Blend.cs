namespace GpuCnn.Data;

/// <summary>
/// Brightness, contrast, saturation and sharpness as Pillow's ImageEnhance defines them: a blend of the picture with black, with its mean
/// gray,
/// with its luma, or with a smoothed copy. A factor of 1 changes nothing, of 0 leaves the other picture, beyond 1 goes away from it.
/// </summary>
internal static class Blend
{
    /// <summary>Black where <paramref name="factor"/> is 0.</summary>
    public static void Brightness(PictureCanvas canvas, float factor) => WithConstant(canvas, 0, factor);

    /// <summary>The mean of the luma, rounded, where <paramref name="factor"/> is 0.</summary>
    public static void Contrast(PictureCanvas canvas, float factor)
    {
        ReadOnlySpan<byte> pixels = canvas.Pixels;
        long sum = 0;
        if (canvas.Picture.Channels == 1)
            foreach (byte value in pixels) sum += value;
        else
            for (int i = 0; i < pixels.Length; i += 4) sum += Luma(pixels, i);
        double mean = (double)sum / ((long)canvas.Picture.Width * canvas.Picture.Height);
        WithConstant(canvas, (int)(mean + 0.5), factor);
    }

    /// <summary>Gray where <paramref name="factor"/> is 0. Gray pictures stay as they are.</summary>
    public static void Saturation(PictureCanvas canvas, float factor)
    {
        if (canvas.Picture.Channels == 1 || factor == 1) return;
        Span<byte> pixels = canvas.Pixels;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int luma = Luma(pixels, i);
            for (int c = 0; c < 3; c++) pixels[i + c] = Mix(luma, pixels[i + c], factor);
        }
    }

    /// <summary>Smoothed by a 3x3 filter (5 in its middle, 1 around it) where <paramref name="factor"/> is 0; the border stays.</summary>
    public static void Sharpness(PictureCanvas canvas, float factor)
    {
        const float Near = 1f / 13, Own = 5f / 13;
        Picture picture = canvas.Picture;
        if (picture.Width < 3 || picture.Height < 3 || factor == 1) return;
        int pixel = picture.PixelBytes, stride = picture.Stride;
        Span<byte> source = canvas.Pixels;
        Picture blank = canvas.Blank();
        Span<byte> target = PictureCanvas.PixelsOf(blank);
        source.CopyTo(target);
        for (int y = 1; y < picture.Height - 1; y++)
        {
            for (int i = y * stride + pixel; i < (y + 1) * stride - pixel; i++)
            {
                int below = i + stride, above = i - stride;
                // Sums in the order of Pillow's.
                float sum = 0.5f;
                sum += source[below - pixel] * Near + source[below] * Near + source[below + pixel] * Near;
                sum += source[i - pixel] * Near + source[i] * Own + source[i + pixel] * Near;
                sum += source[above - pixel] * Near + source[above] * Near + source[above + pixel] * Near;
                target[i] = Mix(Clip(sum), source[i], factor);
            }
        }
        canvas.Swap();
    }

    /// <summary>Luma of Rec. 601 in 16-bit fixed point, as PIL's "L", of the RGBX pixel at <paramref name="at"/>.</summary>
    public static byte Luma(ReadOnlySpan<byte> pixels, int at) =>
        (byte)((pixels[at] * 19595 + pixels[at + 1] * 38470 + pixels[at + 2] * 7471 + 0x8000) >> 16);

    private static void WithConstant(PictureCanvas canvas, int constant, float factor)
    {
        if (factor == 1) return;
        Span<byte> table = canvas.Table.AsSpan(0, 256);
        for (int value = 0; value < 256; value++) table[value] = Mix(constant, value, factor);
        foreach (ref byte value in canvas.Pixels) value = table[value];
    }

    /// <summary>Image.blend in float32, cut off where it leaves the range.</summary>
    private static byte Mix(int other, int own, float factor) => Clip(other + factor * (own - other));

    private static byte Clip(float value) => value <= 0 ? (byte)0 : value >= 255 ? (byte)255 : (byte)value;
}
