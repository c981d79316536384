namespace GpuCnn.Data;

/// <summary>Operations that give each value of each channel another one, as Pillow's ImageOps define them.</summary>
internal static class Tables
{
    /// <summary>Keeps the upper <paramref name="bits"/> bits, 0 to 8.</summary>
    public static void Posterize(PictureCanvas canvas, int bits)
    {
        int mask = ~((1 << (8 - bits)) - 1);
        foreach (ref byte value in canvas.Pixels) value = (byte)(value & mask);
    }

    /// <summary>Inverts values of <paramref name="threshold"/> and above.</summary>
    public static void Solarize(PictureCanvas canvas, double threshold)
    {
        foreach (ref byte value in canvas.Pixels)
            if (value >= threshold) value = (byte)(255 - value);
    }

    /// <summary>Spreads each channel so that its smallest value becomes 0 and its largest 255.</summary>
    public static void AutoContrast(PictureCanvas canvas) => ByHistogram(canvas, static (histogram, table) =>
    {
        int low = 0, high = 255;
        while (low < 255 && histogram[low] == 0) low++;
        while (high > 0 && histogram[high] == 0) high--;
        if (high <= low) return false;
        double scale = 255.0 / (high - low), offset = -low * scale;
        for (int value = 0; value < 256; value++) table[value] = (byte)Math.Clamp((int)(value * scale + offset), 0, 255);
        return true;
    });

    /// <summary>Gives the values of each channel a uniform histogram.</summary>
    public static void Equalize(PictureCanvas canvas) => ByHistogram(canvas, static (histogram, table) =>
    {
        int total = 0, last = 0, kinds = 0;
        foreach (int count in histogram)
        {
            if (count == 0) continue;
            (total, last, kinds) = (total + count, count, kinds + 1);
        }
        int step = (total - last) / 255;
        if (kinds <= 1 || step == 0) return false;
        int below = step / 2;
        for (int value = 0; value < 256; value++)
        {
            table[value] = (byte)Math.Min(255, below / step);
            below += histogram[value];
        }
        return true;
    });

    private delegate bool MakeTable(ReadOnlySpan<int> histogram, Span<byte> table);

    /// <param name="make">From a channel's histogram, its table; false leaves the channel.</param>
    private static void ByHistogram(PictureCanvas canvas, MakeTable make)
    {
        int channels = canvas.Picture.Channels, pixel = canvas.Picture.PixelBytes;
        Span<byte> pixels = canvas.Pixels;
        int[] counts = canvas.Counts;
        Array.Clear(counts);
        for (int i = 0; i < pixels.Length; i += pixel)
            for (int c = 0; c < channels; c++) counts[c * 256 + pixels[i + c]]++;
        for (int c = 0; c < channels; c++)
        {
            Span<byte> table = canvas.Table.AsSpan(c * 256, 256);
            if (!make(counts.AsSpan(c * 256, 256), table)) continue;
            for (int i = c; i < pixels.Length; i += pixel) pixels[i] = table[pixels[i]];
        }
    }
}
