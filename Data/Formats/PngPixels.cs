using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>Samples of a PNG scanline to 8-bit gray or RGB, transparency composed over white.</summary>
internal sealed class PngPixels
{
    private readonly PngHeader header;
    private readonly string name;
    private readonly byte[] palette;
    private readonly int paletteSize;
    private readonly int[]? transparentColor;
    private readonly int maximum;

    public PngPixels(PngHeader header, byte[] palette, byte[]? transparency, string name)
    {
        this.header = header;
        this.name = name;
        maximum = (1 << header.BitDepth) - 1;
        paletteSize = palette.Length / 3;
        this.palette = palette;
        if (header.Color == PngColor.Palette)
        {
            if (palette.Length is 0 or > 768 || palette.Length % 3 != 0)
                throw DataFile.Damaged("PNG", name, "a palette (PLTE) of 1 to 256 RGB entries", $"{palette.Length} bytes");
            if (transparency?.Length > paletteSize)
                throw DataFile.Damaged("PNG", name, $"transparency (tRNS) for {paletteSize} palette entries", $"{transparency.Length}");
            this.palette = Compose(palette, transparency ?? []);
        }
        else if (transparency is not null && header.Color is PngColor.Gray or PngColor.Rgb)
        {
            if (transparency!.Length != 2 * header.SamplesPerPixel)
                throw DataFile.Damaged("PNG", name, $"transparency (tRNS) of {2 * header.SamplesPerPixel} bytes", $"{transparency.Length}");
            transparentColor = new int[header.SamplesPerPixel];
            for (int i = 0; i < transparentColor.Length; i++)
                transparentColor[i] = BinaryPrimitives.ReadUInt16BigEndian(transparency.AsSpan(2 * i)) & maximum;
        }
    }

    /// <summary>Converts <paramref name="columns"/> pixels of an unfiltered scanline to [columns, channels].</summary>
    public void Convert(ReadOnlySpan<byte> line, int columns, Span<byte> pixels)
    {
        if (header.Color == PngColor.Palette)
        {
            for (int x = 0; x < columns; x++)
            {
                int index = Sample(line, x);
                if (index >= paletteSize) throw DataFile.Damaged("PNG", name, $"indices into a palette of {paletteSize}", $"index {index}");
                palette.AsSpan(3 * index, 3).CopyTo(pixels[(3 * x)..]);
            }
            return;
        }
        bool opaque = header.Color is PngColor.Gray or PngColor.Rgb && transparentColor is null;
        if (opaque && header.BitDepth == 8)
        {
            line[..(columns * header.Channels)].CopyTo(pixels);
            return;
        }
        int channels = header.Channels, stride = header.SamplesPerPixel;
        for (int x = 0; x < columns; x++)
        {
            int alpha = opaque ? maximum : Alpha(line, x * stride);
            for (int c = 0; c < channels; c++)
                pixels[x * channels + c] = OverWhite(Sample(line, x * stride + c), alpha, maximum);
        }
    }

    private int Alpha(ReadOnlySpan<byte> line, int firstSample)
    {
        if (transparentColor is null) return header.Color is PngColor.GrayAlpha or PngColor.RgbAlpha
            ? Sample(line, firstSample + header.Channels) : maximum;
        for (int c = 0; c < transparentColor.Length; c++)
            if (Sample(line, firstSample + c) != transparentColor[c]) return maximum;
        return 0;
    }

    /// <summary>The sample at <paramref name="index"/>; those below a byte are packed from the high bits down.</summary>
    private int Sample(ReadOnlySpan<byte> line, int index)
    {
        int depth = header.BitDepth;
        if (depth == 8) return line[index];
        if (depth == 16) return line[2 * index] << 8 | line[2 * index + 1];
        int bit = index * depth;
        return line[bit >> 3] >> (8 - depth - (bit & 7)) & maximum;
    }

    private static byte[] Compose(byte[] palette, byte[] alpha)
    {
        byte[] composed = (byte[])palette.Clone();
        for (int i = 0; i < 3 * alpha.Length; i++) composed[i] = OverWhite(palette[i], alpha[i / 3], 255);
        return composed;
    }

    /// <summary>(value · alpha + white · (maximum - alpha)) / maximum, scaled to 0 .. 255 in the same rounding division.</summary>
    private static byte OverWhite(int value, int alpha, int maximum)
    {
        long square = (long)maximum * maximum;
        return (byte)((((long)value * alpha + (long)maximum * (maximum - alpha)) * 255 + square / 2) / square);
    }
}
