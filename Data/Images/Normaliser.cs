using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>How the values of an image lie in memory.</summary>
public enum PixelOrder
{
    /// <summary>[C, H, W]: planes.</summary>
    ChannelsFirst,

    /// <summary>[H, W, C]: pixels.</summary>
    ChannelsLast,
}

/// <summary>
/// Bytes to what a network gets, <c>(value / 255 - mean) / std</c> of each channel, with the float32 operations of torchvision's ToTensor
/// and Normalize. Safe to use from several threads.
/// </summary>
public sealed unsafe class Normaliser
{
    private readonly float[] _mean, _std;

    /// <param name="mean">[C], of values in [0, 1]; C is 1 or 3.</param>
    /// <param name="std">[C], positive.</param>
    /// <param name="order">How values are written.</param>
    /// <exception cref="GpuCnnException">These are not one or three finite numbers each, with std above 0.</exception>
    public Normaliser(IReadOnlyList<float> mean, IReadOnlyList<float> std, PixelOrder order = PixelOrder.ChannelsFirst)
    {
        if (mean.Count is not (1 or 3) || std.Count != mean.Count || !mean.All(float.IsFinite) || !std.All(s => float.IsFinite(s) && s > 0))
        {
            throw new GpuCnnException(
                $"Normalising expects 1 or 3 finite means and as many positive standard deviations, " +
                $"but got [{string.Join(", ", mean)}] and [{string.Join(", ", std)}]; give one of each for every channel.");
        }
        _mean = [.. mean];
        _std = [.. std];
        Order = order;
    }

    /// <summary>C: 1 or 3.</summary>
    public int Channels => _mean.Length;

    public PixelOrder Order { get; }

    /// <summary>The value that a byte of a channel becomes.</summary>
    public float Value(int channel, byte value) => (value / 255f - _mean[channel]) / _std[channel];

    /// <summary>
    /// Writes a picture, mirrored left to right if asked, to <paramref name="target"/>: Width · Height · C values. Gray is repeated
    /// where the network has three channels.
    /// </summary>
    /// <exception cref="ArgumentException">A colour picture for one channel, or a target of another length.</exception>
    public void Write(Picture picture, bool isMirrored, Span<float> target)
    {
        Check(picture.Width, picture.Height, picture.Channels, target.Length);
        fixed (float* start = target)
            for (int y = 0; y < picture.Height; y++)
                WriteRow(picture.Pixels + (long)y * picture.Stride, picture.Channels, picture.Width, picture.Height, y, isMirrored, start);
    }

    /// <summary>Refuses what <see cref="WriteRow"/> cannot write.</summary>
    internal void Check(int width, int height, int channels, int length)
    {
        if (channels > Channels) throw new ArgumentException("Make the picture gray before it is written to one channel.", nameof(channels));
        if ((long)width * height * Channels != length)
            throw new ArgumentException($"{width}x{height} pixels of {Channels} channels are not {length} values.", nameof(length));
    }

    /// <summary>Writes row <paramref name="y"/> of a picture of <paramref name="height"/> rows.</summary>
    internal void WriteRow(byte* row, int channels, int width, int height, int y, bool isMirrored, float* target)
    {
        int pixel = channels == 1 ? 1 : 4;
        for (int c = 0; c < Channels; c++)
        {
            float* to = Order == PixelOrder.ChannelsFirst ? target + ((long)c * height + y) * width : target + (long)y * width * Channels + c;
            int step = Order == PixelOrder.ChannelsFirst ? 1 : Channels;
            float mean = _mean[c], std = _std[c];
            byte* from = row + Math.Min(c, channels - 1);
            for (int x = 0; x < width; x++) to[x * step] = (from[(isMirrored ? width - 1 - x : x) * pixel] / 255f - mean) / std;
        }
    }
}
