using System.Runtime.InteropServices;
using GpuCnn.Engine;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;
using ImageSharpDecoder = SixLabors.ImageSharp.Formats.IImageDecoder;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Decodes formats that this assembly does not decode itself, with ImageSharp. Checks extents first, limits memory, starts no threads, and
/// turns every exception into a message of one line.
/// </summary>
internal static unsafe class ImageSharpDecoding
{
    /// <summary>ImageSharp takes up to 6 bytes a pixel in addition to a picture's 4: 500 MB for this area.</summary>
    public const int LargestArea = 50_000_000;

    /// <summary>
    /// Above <see cref="SmallArea"/>, a file with more pixels per byte than this is a decompression bomb. Plain colors in GIF and TIFF stay
    /// below the limit, and photographs far below.
    /// </summary>
    private const int MostPixelsPerByte = 2_000, SmallArea = 4_000_000;

    /// <summary>One for the assembly, so that the pool is shared. ImageSharp's default is not used, because others may change it.</summary>
    private static readonly Configuration Configuration = new(
        new BmpConfigurationModule(), new GifConfigurationModule(), new JpegConfigurationModule(), new TgaConfigurationModule(),
        new TiffConfigurationModule(), new WebpConfigurationModule())
    {
        MaxDegreeOfParallelism = 1,
        PreferContiguousImageBuffers = true,
        MemoryAllocator = MemoryAllocator.Create(
            new MemoryAllocatorOptions { MaximumPoolSizeMegabytes = 64, AllocationLimitMegabytes = 512 }),
    };

    /// <summary>Reads the extents from the header and checks that they can be decoded.</summary>
    /// <exception cref="GpuCnnException">There are no extents, or they are too large.</exception>
    public static (int Width, int Height) ReadExtents(ImageSharpDecoder decoder, ReadOnlySpan<byte> content, string format, string name)
    {
        (int width, int height) = Guard(content, format, name, stream =>
        {
            IImageInfo? info = ((IImageInfoDetector)decoder).Identify(Configuration, stream, CancellationToken.None);
            return info is null ? (0, 0) : (info.Width, info.Height);
        });
        CheckExtents(format, name, width, height, content.Length);
        return (width, height);
    }

    /// <exception cref="GpuCnnException">The extents are too large, or too large for a file of this size.</exception>
    public static void CheckExtents(string format, string name, int width, int height, int bytes)
    {
        ImageLimits.Check(format, name, width, height);
        if ((long)width * height > LargestArea)
        {
            throw new GpuCnnException(
                $"{format} {DataFile.Quote(name)}: expected at most {LargestArea:N0} pixels of such a file, but got {width}x{height}; " +
                "it is larger than any that is read: scale it down, convert it to PNG or remove it.");
        }
        if ((long)width * height > Math.Max(SmallArea, (long)MostPixelsPerByte * bytes))
            throw DataFile.Damaged(format, name, $"image data for {width}x{height} pixels", $"a file of only {bytes:N0} bytes");
    }

    /// <summary>Decodes a window, composing transparency over white.</summary>
    /// <exception cref="GpuCnnException">The content is damaged or of an unsupported kind.</exception>
    public static void Decode(
        ImageSharpDecoder decoder, ReadOnlySpan<byte> content, string format, string name, int width, int height, int channels,
        Window window, Picture picture)
    {
        picture.Reset(window, channels);
        Guard(content, format, name, stream =>
        {
            if (channels == 1)
                Copy<L8>(stream, static (source, target) => MemoryMarshal.AsBytes(source).CopyTo(target));
            else if (decoder is JpegDecoder)
                Copy<Rgb24>(stream, static (source, target) => PixelRows.RgbToRgbx(MemoryMarshal.AsBytes(source), target));
            else
                Copy<Rgba32>(stream, static (source, target) => PixelRows.OverWhite(MemoryMarshal.Cast<Rgba32, uint>(source), target));
            return true;
        });

        void Copy<TPixel>(Stream stream, RowCopy<TPixel> copy) where TPixel : unmanaged, IPixel<TPixel>
        {
            using Image<TPixel> image = decoder.Decode<TPixel>(Configuration, stream, CancellationToken.None);
            if (image.Width != width || image.Height != height)
                throw new InvalidImageContentException($"a frame of {image.Width}x{image.Height} in a file of {width}x{height}");
            image.ProcessPixelRows(rows =>
            {
                for (int y = 0; y < window.Height; y++) copy(rows.GetRowSpan(window.Y + y).Slice(window.X, window.Width), picture.Row(y));
            });
        }
    }

    private delegate void RowCopy<TPixel>(ReadOnlySpan<TPixel> source, Span<byte> target);

    /// <summary>
    /// Translates exceptions. For damaged files ImageSharp throws its documented exceptions, and NullReference, IndexOutOfRange,
    /// InvalidData and others.
    /// </summary>
    private static T Guard<T>(ReadOnlySpan<byte> content, string format, string name, Func<Stream, T> action)
    {
        try
        {
            fixed (byte* start = content)
            {
                using UnmanagedMemoryStream stream = new(start, content.Length);
                return action(stream);
            }
        }
        catch (NotSupportedException e)
        {
            throw new GpuCnnException(
                $"{format} {DataFile.Quote(name)}: expected a kind of {format} that is read here, but got another ({Reason(e)}); " +
                "convert it to PNG or remove it.", e);
        }
        catch (Exception e)
        {
            throw DataFile.Damaged(format, name, "image data", $"data that does not decode ({Reason(e)})", e);
        }
    }

    private static string Reason(Exception e)
    {
        const int Longest = 160;
        string told = e is ImageFormatException or NotSupportedException or IOException ? e.Message : e.GetType().Name;
        string text = DataFile.OneLine(told).Trim().TrimEnd('.');
        return text.Length > Longest ? text[..Longest] + "..." : text;
    }
}
