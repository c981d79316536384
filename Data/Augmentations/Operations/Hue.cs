namespace GpuCnn.Data;

/// <summary>Turns colours around: RGB to HSV of 8 bits each and back, as Pillow does it (src/libImaging/Convert.c).</summary>
internal static class Hue
{
    /// <summary>Adds <paramref name="factor"/> of a whole turn (-0.5 to 0.5) to the hue. Gray pictures stay as they are.</summary>
    public static void Shift(PictureCanvas canvas, double factor)
    {
        if (canvas.Picture.Channels == 1) return;
        byte shift = unchecked((byte)(int)(factor * 255));
        Span<byte> pixels = canvas.Pixels;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            (byte hue, byte saturation, byte value) = ToHsv(pixels[i], pixels[i + 1], pixels[i + 2]);
            (pixels[i], pixels[i + 1], pixels[i + 2]) = ToRgb(unchecked((byte)(hue + shift)), saturation, value);
        }
    }

    private static (byte H, byte S, byte V) ToHsv(byte r, byte g, byte b)
    {
        byte largest = Math.Max(r, Math.Max(g, b)), smallest = Math.Min(r, Math.Min(g, b));
        if (smallest == largest) return (0, 0, largest);
        float range = largest - smallest, saturation = range / largest;
        float red = (largest - r) / range, green = (largest - g) / range, blue = (largest - b) / range;
        float hue = r == largest ? blue - green : g == largest ? (float)(2.0 + red - blue) : (float)(4.0 + green - red);
        hue = (float)((hue / 6.0 + 1.0) % 1.0);
        return ((byte)Math.Clamp((int)(hue * 255.0), 0, 255), (byte)Math.Clamp((int)(saturation * 255.0), 0, 255), largest);
    }

    private static (byte R, byte G, byte B) ToRgb(byte h, byte s, byte v)
    {
        if (s == 0) return (v, v, v);
        int sector = (int)Math.Floor((float)h * 6.0 / 255.0);
        float part = (float)((float)h * 6.0 / 255.0 - sector), share = (float)((float)s / 255.0);
        byte p = Round(v * (1.0 - share)), q = Round(v * (1.0 - share * part)), t = Round(v * (1.0 - share * (1.0 - part)));
        return (sector % 6) switch
        {
            0 => (v, t, p),
            1 => (q, v, p),
            2 => (p, v, t),
            3 => (p, q, v),
            4 => (t, p, v),
            _ => (v, p, q),
        };

        static byte Round(double value) => (byte)Math.Clamp((int)Math.Round(value, MidpointRounding.AwayFromZero), 0, 255);
    }
}
