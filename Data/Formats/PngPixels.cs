using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>Samples of a PNG scanline to 8-bit gray or RGB, transparency composed over white.</summary>
internal sealed class PngPixels
{
    private readonly PngHeader _header;
    private readonly string _name;
    private readonly byte[] _palette;
    private readonly int _paletteSize;
    private readonly int[]? _transparentColor;
    private readonly int _maximum;

    public PngPixels(PngHeader header, byte[] palette, byte[]? transparency, string name)
    {
        _header = header;
        _name = name;
        _maximum = (1 << header.BitDepth) - 1;
        _paletteSize = palette.Length / 3;
        _palette = palette;
        if (header.Color == PngColor.Palette)
        {
            if (palette.Length is 0 or > 768 || palette.Length % 3 != 0)
                throw DataFile.Damaged("PNG", name, "a palette (PLTE) of 1 to 256 RGB entries", $"{palette.Length} bytes");
            if (transparency?.Length > _paletteSize)
                throw DataFile.Damaged("PNG", name, $"transparency (tRNS) for {_paletteSize} palette entries", $"{transparency.Length}");
            _palette = Compose(palette, transparency ?? []);
        }
        else if (transparency is not null && header.Color is PngColor.Gray or PngColor.Rgb)
        {
            if (transparency!.Length != 2 * header.SamplesPerPixel)
                throw DataFile.Damaged("PNG", name, $"transparency (tRNS) of {2 * header.SamplesPerPixel} bytes", $"{transparency.Length}");
            _transparentColor = new int[header.SamplesPerPixel];
            for (int i = 0; i < _transparentColor.Length; i++)
                _transparentColor[i] = BinaryPrimitives.ReadUInt16BigEndian(transparency.AsSpan(2 * i)) & _maximum;
        }
    }

    /// <summary>Converts <paramref name="columns"/> pixels of an unfiltered scanline to [columns, channels].</summary>
    public void Convert(ReadOnlySpan<byte> line, int columns, Span<byte> pixels)
    {
        if (_header.Color == PngColor.Palette)
        {
            for (int x = 0; x < columns; x++)
            {
                int index = Sample(line, x);
                if (index >= _paletteSize) throw DataFile.Damaged("PNG", _name, $"indices into a palette of {_paletteSize}", $"index {index}");
                _palette.AsSpan(3 * index, 3).CopyTo(pixels[(3 * x)..]);
            }
            return;
        }
        bool opaque = _header.Color is PngColor.Gray or PngColor.Rgb && _transparentColor is null;
        if (opaque && _header.BitDepth == 8)
        {
            line[..(columns * _header.Channels)].CopyTo(pixels);
            return;
        }
        int channels = _header.Channels, stride = _header.SamplesPerPixel;
        for (int x = 0; x < columns; x++)
        {
            int alpha = opaque ? _maximum : Alpha(line, x * stride);
            for (int c = 0; c < channels; c++)
                pixels[x * channels + c] = OverWhite(Sample(line, x * stride + c), alpha, _maximum);
        }
    }

    private int Alpha(ReadOnlySpan<byte> line, int firstSample)
    {
        if (_transparentColor is null) return _header.Color is PngColor.GrayAlpha or PngColor.RgbAlpha
            ? Sample(line, firstSample + _header.Channels) : _maximum;
        for (int c = 0; c < _transparentColor.Length; c++)
            if (Sample(line, firstSample + c) != _transparentColor[c]) return _maximum;
        return 0;
    }

    /// <summary>The sample at <paramref name="index"/>; those below a byte are packed from the high bits down.</summary>
    private int Sample(ReadOnlySpan<byte> line, int index)
    {
        int depth = _header.BitDepth;
        if (depth == 8) return line[index];
        if (depth == 16) return line[2 * index] << 8 | line[2 * index + 1];
        int bit = index * depth;
        return line[bit >> 3] >> (8 - depth - (bit & 7)) & _maximum;
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
