using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>The order of an image's values in memory.</summary>
internal enum PixelOrder
{
    /// <summary>[C, H, W]: planes.</summary>
    ChannelsFirst,

    /// <summary>[H, W, C]: pixels.</summary>
    ChannelsLast,
}

/// <summary>
/// Converts bytes to a network's input, <c>(value / 255 - mean) / std</c> per channel, with the float32 operations of torchvision's
/// ToTensor and Normalize. Safe to use from several threads.
/// </summary>
internal sealed unsafe class Normalizer
{
    private readonly float[] _mean, _std;

    /// <summary>[C, 256].</summary>
    private readonly float[] _values;

    /// <param name="mean">[C], of values in [0, 1]; C is 1 or 3.</param>
    /// <param name="std">[C], positive.</param>
    /// <param name="order">Order of the written values.</param>
    /// <exception cref="GpuCnnException">These are not one or three finite numbers each, with std above 0.</exception>
    public Normalizer(IReadOnlyList<float> mean, IReadOnlyList<float> std, PixelOrder order = PixelOrder.ChannelsFirst)
    {
        if (mean.Count is not (1 or 3) || std.Count != mean.Count || !mean.All(float.IsFinite) || !std.All(s => float.IsFinite(s) && s > 0))
        {
            throw new GpuCnnException(
                $"Normalization expects 1 or 3 finite means and as many positive standard deviations, " +
                $"but got [{string.Join(", ", mean)}] and [{string.Join(", ", std)}]; give one of each for every channel.");
        }
        _mean = [.. mean];
        _std = [.. std];
        Order = order;
        _values = new float[_mean.Length * 256];
        for (int i = 0; i < _values.Length; i++) _values[i] = ((i & 255) / 255f - _mean[i >> 8]) / _std[i >> 8];
    }

    /// <summary>C: 1 or 3.</summary>
    public int Channels => _mean.Length;

    public PixelOrder Order { get; }

    /// <summary>The value of a byte of a channel.</summary>
    public float Value(int channel, byte value) => _values[channel * 256 + value];

    /// <summary>
    /// Writes a picture, mirrored left to right if asked, to <paramref name="target"/>: Width · Height · C values. Repeats gray if the
    /// network has three channels.
    /// </summary>
    /// <exception cref="ArgumentException">A color picture for one channel, or a target of another length.</exception>
    public void Write(Picture picture, bool isMirrored, Span<float> target)
    {
        Check(picture.Width, picture.Height, picture.Channels, target.Length);
        fixed (float* start = target)
            for (int y = 0; y < picture.Height; y++)
                WriteRow(picture.Pixels + (long)y * picture.Stride, picture.Channels, picture.Width, picture.Height, y, isMirrored, start);
        GC.KeepAlive(picture);
    }

    /// <summary>Throws for what <see cref="WriteRow"/> cannot write.</summary>
    internal void Check(int width, int height, int channels, int length)
    {
        if (channels > Channels)
            throw new ArgumentException("A color picture cannot be written to one channel; make it gray first.", nameof(channels));
        if ((long)width * height * Channels != length)
            throw new ArgumentException(
                $"Expected {(long)width * height * Channels} values for {width}x{height} pixels of {Channels} channels, but got {length}.",
                nameof(length));
    }

    /// <summary>Writes row <paramref name="y"/> of a picture of <paramref name="height"/> rows.</summary>
    internal void WriteRow(byte* row, int channels, int width, int height, int y, bool isMirrored, float* target)
    {
        int pixel = channels == 1 ? 1 : 4;
        for (int c = 0; c < Channels; c++)
        {
            bool isPlane = Order == PixelOrder.ChannelsFirst;
            float* to = isPlane ? target + ((long)c * height + y) * width : target + (long)y * width * Channels + c;
            int step = isPlane ? 1 : Channels, x = 0;
            byte* from = row + Math.Min(c, channels - 1);
            if (isPlane && !isMirrored)
            {
                if (Vector512.IsHardwareAccelerated) x = Plane512(row, pixel, c, width, to);
                else if (Vector256.IsHardwareAccelerated) x = Plane256(row, pixel, c, width, to);
                else x = Plane128(row, pixel, c, width, to);
            }
            ReadOnlySpan<float> values = _values.AsSpan(c * 256, 256);
            for (; x < width; x++) to[(long)(isMirrored ? width - 1 - x : x) * step] = values[from[x * pixel]];
        }
    }

    /// <summary>Writes as many pixels as fill whole vectors; returns their number.</summary>
    private int Plane512(byte* row, int pixel, int channel, int width, float* to)
    {
        Vector512<float> mean = Vector512.Create(_mean[channel]), std = Vector512.Create(_std[channel]), scale = Vector512.Create(255f);
        int x = 0;
        for (; x + 16 <= width; x += 16)
        {
            Vector512<int> values = pixel == 1
                ? Vector512.WidenLower(Vector512.WidenLower(Vector128.Load(row + x).ToVector256Unsafe().ToVector512Unsafe())).AsInt32()
                : (Vector512.Load((uint*)row + x) >> (8 * channel)).AsInt32() & Vector512.Create(255);
            ((Vector512.ConvertToSingle(values) / scale - mean) / std).Store(to + x);
        }
        return x;
    }

    private int Plane256(byte* row, int pixel, int channel, int width, float* to)
    {
        Vector256<float> mean = Vector256.Create(_mean[channel]), std = Vector256.Create(_std[channel]), scale = Vector256.Create(255f);
        int x = 0;
        for (; x + 8 <= width; x += 8)
        {
            Vector256<int> values = pixel == 1
                ? Vector256.WidenLower(Vector256.WidenLower(Vector64.Load(row + x).ToVector128Unsafe().ToVector256Unsafe())).AsInt32()
                : (Vector256.Load((uint*)row + x) >> (8 * channel)).AsInt32() & Vector256.Create(255);
            ((Vector256.ConvertToSingle(values) / scale - mean) / std).Store(to + x);
        }
        return x;
    }

    private int Plane128(byte* row, int pixel, int channel, int width, float* to)
    {
        Vector128<float> mean = Vector128.Create(_mean[channel]), std = Vector128.Create(_std[channel]), scale = Vector128.Create(255f);
        int x = 0;
        for (; x + 4 <= width; x += 4)
        {
            Vector128<int> values = pixel == 1
                ? Vector128.WidenLower(Vector128.WidenLower(
                    Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(row + x)).AsByte())).AsInt32()
                : (Vector128.Load((uint*)row + x) >> (8 * channel)).AsInt32() & Vector128.Create(255);
            ((Vector128.ConvertToSingle(values) / scale - mean) / std).Store(to + x);
        }
        return x;
    }
}
