using System.Runtime.Intrinsics;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Converts bytes to a network's input, <c>(value / 255 - mean) / std</c> per channel, with the float32 operations of torchvision's
/// ToTensor and Normalize. Values stay interleaved: [H, W, C]. Safe to use from several threads.
/// </summary>
internal sealed unsafe class Normalizer
{
    private readonly float[] _mean, _std;

    /// <summary>[C, 256].</summary>
    private readonly float[] _values;

    private readonly NormalizerVectors _vectors;

    /// <param name="mean">[C], of values in [0, 1]; C is 1 or 3.</param>
    /// <param name="std">[C], positive.</param>
    /// <exception cref="GpuCnnException">These are not one or three finite numbers each, with std above 0.</exception>
    public Normalizer(IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        if (mean.Count is not (1 or 3) || std.Count != mean.Count || !mean.All(float.IsFinite) || !std.All(s => float.IsFinite(s) && s > 0))
        {
            throw new GpuCnnException(
                $"Normalization expects 1 or 3 finite means and as many positive standard deviations, " +
                $"but got [{string.Join(", ", mean)}] and [{string.Join(", ", std)}]; give one of each for every channel.");
        }
        _mean = [.. mean];
        _std = [.. std];
        _values = new float[_mean.Length * 256];
        for (int i = 0; i < _values.Length; i++) _values[i] = ((i & 255) / 255f - _mean[i >> 8]) / _std[i >> 8];
        _vectors = new NormalizerVectors(_mean, _std);
    }

    /// <summary>C: 1 or 3.</summary>
    public int Channels => _mean.Length;

    /// <summary>The value of a byte of a channel.</summary>
    public float Value(int channel, byte value) => _values[channel * 256 + value];

    /// <summary>
    /// Writes a picture, mirrored left to right if asked, to <paramref name="target"/>: [Height, Width, C]. Repeats gray if the network
    /// has three channels.
    /// </summary>
    /// <exception cref="ArgumentException">A color picture for one channel, or a target of another length.</exception>
    public void Write(Picture picture, bool isMirrored, Span<float> target)
    {
        Check(picture.Width, picture.Height, picture.Channels, target.Length);
        int row = picture.Width * Channels;
        fixed (float* start = target)
            for (int y = 0; y < picture.Height; y++)
                WriteRow(picture.Pixels + (long)y * picture.Stride, picture.Channels, picture.Width, isMirrored, start + (long)y * row);
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

    /// <summary>Writes a row of pixels of 1 byte (gray) or 4 (RGBX).</summary>
    /// <param name="row">[Width, 1 or 4]</param>
    /// <param name="channels">Channels of the picture: 1 or 3.</param>
    /// <param name="target">[Width, C]</param>
    internal void WriteRow(byte* row, int channels, int width, bool isMirrored, float* target)
    {
        if (Vector512.IsHardwareAccelerated && width >= Vector512<float>.Count)
            _vectors.Write512(row, channels, width, isMirrored, target);
        else if (Vector256.IsHardwareAccelerated && width >= Vector256<float>.Count)
            _vectors.Write256(row, channels, width, isMirrored, target);
        else if (width >= Vector128<float>.Count)
            _vectors.Write128(row, channels, width, isMirrored, target);
        else
            WriteFew(row, channels, width, isMirrored, target);
    }

    /// <summary>Writes fewer pixels than a vector holds.</summary>
    private void WriteFew(byte* row, int channels, int width, bool isMirrored, float* target)
    {
        int pixel = channels == 1 ? 1 : 4;
        for (int x = 0; x < width; x++)
        {
            byte* from = row + (isMirrored ? width - 1 - x : x) * pixel;
            for (int c = 0; c < Channels; c++) target[x * Channels + c] = Value(c, from[Math.Min(c, channels - 1)]);
        }
    }
}
