using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GpuCnn.Data;

/// <summary>Converts rows of pixels between arrangements.</summary>
internal static class PixelRows
{
    private static Vector128<byte> Spread => Vector128.Create(0, 1, 2, 0x80, 3, 4, 5, 0x80, 6, 7, 8, 0x80, 9, 10, 11, 0x80);

    private static Vector128<byte> Squeeze => Vector128.Create(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80);

    /// <summary>Converts [N, 3] to [N, 4] with 0 as the fourth.</summary>
    public static void RgbToRgbx(ReadOnlySpan<byte> rgb, Span<byte> rgbx)
    {
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx)[..(rgb.Length / 3)];
        int i = 0;
        // Loads 16 bytes, which must be there, and uses 12: four pixels.
        for (; 3 * i + 16 <= rgb.Length; i += 4)
            Vector128.Shuffle(Vector128.Create(rgb[(3 * i)..]), Spread).AsUInt32().CopyTo(pixels[i..]);
        for (int p = 3 * i; i < pixels.Length; i++, p += 3) pixels[i] = (uint)(rgb[p] | rgb[p + 1] << 8 | rgb[p + 2] << 16);
    }

    /// <summary>Converts [N, 4] to [N, 3].</summary>
    public static void RgbxToRgb(ReadOnlySpan<byte> rgbx, Span<byte> rgb)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx);
        int i = 0;
        // Writes four bytes too many; the next pixels overwrite them.
        for (; 3 * i + 16 <= rgb.Length; i += 4)
            Vector128.Shuffle(Vector128.Create(rgbx[(4 * i)..]), Squeeze).CopyTo(rgb[(3 * i)..]);
        for (int p = 3 * i; i < pixels.Length; i++, p += 3)
        {
            uint pixel = pixels[i];
            rgb[p] = (byte)pixel;
            rgb[p + 1] = (byte)(pixel >> 8);
            rgb[p + 2] = (byte)(pixel >> 16);
        }
    }

    /// <summary>
    /// Converts to luma of Rec. 601 in 16-bit fixed point, as PIL's "L". <paramref name="gray"/> may begin where the colors do.
    /// </summary>
    public static void RgbxToGray(ReadOnlySpan<uint> rgbx, Span<byte> gray)
    {
        for (int i = 0; i < rgbx.Length; i++)
        {
            uint pixel = rgbx[i];
            gray[i] = (byte)(((byte)pixel * 19595 + (byte)(pixel >> 8) * 38470 + (byte)(pixel >> 16) * 7471 + 0x8000) >> 16);
        }
    }

    /// <summary>Composes RGBA over white, as <see cref="Formats.PngReader"/> does.</summary>
    public static void OverWhite(ReadOnlySpan<uint> rgba, Span<byte> rgbx)
    {
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx)[..rgba.Length];
        // Most images are all opaque.
        int i = 0;
        Vector128<uint> opaque = Vector128.Create(0xFF000000);
        for (; i + 4 <= rgba.Length; i += 4)
        {
            Vector128<uint> four = Vector128.Create(rgba[i..]);
            if ((four & opaque) != opaque) break;
            four.CopyTo(pixels[i..]);
        }
        for (; i < pixels.Length; i++)
        {
            uint pixel = rgba[i], alpha = pixel >> 24;
            pixels[i] = alpha == 255 ? pixel
                : Over(pixel & 255, alpha) | Over(pixel >> 8 & 255, alpha) << 8 | Over(pixel >> 16 & 255, alpha) << 16;
        }

        static uint Over(uint value, uint alpha) => (value * alpha + 255 * (255 - alpha) + 127) / 255;
    }

    /// <summary>Repeats gray: [N] to [N, 4].</summary>
    public static void GrayToRgbx(ReadOnlySpan<byte> gray, Span<byte> rgbx)
    {
        Span<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgbx)[..gray.Length];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = gray[i] * 0x010101u;
    }
}
