using System.Buffers.Binary;
using System.Runtime.InteropServices;
using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>Converts samples of a PNG scanline to 8-bit gray or RGBX, composing transparency over white.</summary>
internal sealed class PngPixels
{
    /// <summary>Indexed by a sample of up to 8 bits: the palette's color, or the gray value.</summary>
    private readonly uint[] _values = new uint[256];

    private readonly int[] _transparentColor = new int[3];
    private PngHeader _header;
    private bool _hasTransparentColor;
    private int _maximum;

    /// <summary>Stores what precedes a file's image data.</summary>
    /// <param name="header">The header.</param>
    /// <param name="palette">[entries, 3]; indexes beyond them are black, as in libpng.</param>
    /// <param name="transparency">Alpha of the entries, or the transparent color; extra bytes are ignored.</param>
    /// <param name="name">The path, for messages.</param>
    /// <exception cref="GpuCnnException">A palette is needed and missing.</exception>
    public void Prepare(PngHeader header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> transparency, string name)
    {
        _header = header;
        _maximum = (1 << header.BitDepth) - 1;
        // Ignore a transparent color with too few bytes.
        _hasTransparentColor = header.Color is PngColor.Gray or PngColor.Rgb && transparency.Length >= 2 * header.SamplesPerPixel;
        if (_hasTransparentColor)
            for (int i = 0; i < header.SamplesPerPixel; i++)
                _transparentColor[i] = BinaryPrimitives.ReadUInt16BigEndian(transparency[(2 * i)..]) & _maximum;
        if (header.Color == PngColor.Palette)
        {
            if (palette.Length is 0 or > 768 || palette.Length % 3 != 0)
                throw DataFile.Damaged("PNG", name, "a palette (PLTE) of 1 to 256 RGB entries", $"{palette.Length} bytes");
            _values.AsSpan().Clear();
            for (int i = 0; i < palette.Length / 3; i++)
            {
                int alpha = i < transparency.Length ? transparency[i] : 255;
                _values[i] = OverWhite(palette[3 * i], alpha, 255) | (uint)OverWhite(palette[3 * i + 1], alpha, 255) << 8
                    | (uint)OverWhite(palette[3 * i + 2], alpha, 255) << 16;
            }
        }
        else if (header.Color == PngColor.Gray && header.BitDepth <= 8)
        {
            for (int i = 0; i <= _maximum; i++)
                _values[i] = OverWhite(i, _hasTransparentColor && i == _transparentColor[0] ? 0 : _maximum, _maximum);
        }
    }

    /// <summary>
    /// Converts <paramref name="columns"/> pixels of an unfiltered scanline, from <paramref name="first"/> on, to [columns, 1 or 4].
    /// </summary>
    public void Convert(ReadOnlySpan<byte> line, int first, int columns, Span<byte> pixels)
    {
        int depth = _header.BitDepth;
        switch (_header.Color)
        {
            case PngColor.Gray when depth == 8 && !_hasTransparentColor:
                line.Slice(first, columns).CopyTo(pixels);
                break;
            case PngColor.Gray when depth <= 8:
                for (int x = 0; x < columns; x++) pixels[x] = (byte)_values[Sample(line, first + x)];
                break;
            case PngColor.Palette:
                Span<uint> colors = MemoryMarshal.Cast<byte, uint>(pixels)[..columns];
                for (int x = 0; x < columns; x++) colors[x] = _values[Sample(line, first + x)];
                break;
            case PngColor.Rgb when depth == 8 && !_hasTransparentColor:
                PixelRows.RgbToRgbx(line.Slice(3 * first, 3 * columns), pixels);
                break;
            case PngColor.RgbAlpha when depth == 8:
                PixelRows.OverWhite(MemoryMarshal.Cast<byte, uint>(line.Slice(4 * first, 4 * columns)), pixels);
                break;
            default:
                ConvertSamples(line, first, columns, pixels);
                break;
        }
    }

    /// <summary>Converts 16-bit samples, gray with alpha, and images with a transparent color.</summary>
    private void ConvertSamples(ReadOnlySpan<byte> line, int first, int columns, Span<byte> pixels)
    {
        int channels = _header.Channels, pixel = channels == 1 ? 1 : 4, stride = _header.SamplesPerPixel;
        bool isOpaque = _header.Color is PngColor.Gray or PngColor.Rgb && !_hasTransparentColor;
        for (int x = 0; x < columns; x++)
        {
            int sample = (first + x) * stride, alpha = isOpaque ? _maximum : Alpha(line, sample);
            for (int c = 0; c < channels; c++) pixels[x * pixel + c] = OverWhite(Sample(line, sample + c), alpha, _maximum);
        }
    }

    private int Alpha(ReadOnlySpan<byte> line, int firstSample)
    {
        if (!_hasTransparentColor) return Sample(line, firstSample + _header.Channels);
        for (int c = 0; c < _header.SamplesPerPixel; c++)
            if (Sample(line, firstSample + c) != _transparentColor[c]) return _maximum;
        return 0;
    }

    /// <summary>Reads the sample at <paramref name="index"/>; samples smaller than a byte are packed from the high bits down.</summary>
    private int Sample(ReadOnlySpan<byte> line, int index)
    {
        int depth = _header.BitDepth;
        if (depth == 8) return line[index];
        if (depth == 16) return line[2 * index] << 8 | line[2 * index + 1];
        int bit = index * depth;
        return line[bit >> 3] >> (8 - depth - (bit & 7)) & _maximum;
    }

    /// <summary>(value · alpha + white · (maximum - alpha)) / maximum, scaled to 0 .. 255 in the same rounding division.</summary>
    private static byte OverWhite(int value, int alpha, int maximum)
    {
        long square = (long)maximum * maximum;
        return (byte)((((long)value * alpha + (long)maximum * (maximum - alpha)) * 255 + square / 2) / square);
    }
}
