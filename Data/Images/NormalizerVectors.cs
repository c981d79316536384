using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuCnn.Data;

/// <summary>
/// Normalizes rows of pixels with vectors of 16, 8 or 4 floats. A vector of pixels, 32 bits each, becomes one vector of values for one
/// channel, or three for three channels: each of these repeats the pixels that it needs, and masks the byte of each value's channel. The
/// byte stays where it is, so it counts 256^c times as much, and is divided by 255 * 256^c: the same quotient, bit for bit.
/// </summary>
/// <remarks>A row has at least as many pixels as a vector. The last vector ends with the row, and overlaps the one before.</remarks>
/// <param name="mean">[C]</param>
/// <param name="std">[C]</param>
internal sealed unsafe class NormalizerVectors(float[] mean, float[] std)
{
    private readonly Constants _gray = new(mean, std, isGray: true), _color = new(mean, std, isGray: false);
    private readonly int _channels = mean.Length;

    /// <summary>Writes a row as <see cref="Normalizer.WriteRow"/> does, 16 pixels at a time.</summary>
    public void Write512(byte* row, int channels, int width, bool isMirrored, float* target)
    {
        const int Count = 16;
        Constants constants = channels == 1 ? _gray : _color;
        Values512 low = new(constants, 0), middle = new(constants, Count), high = new(constants, 2 * Count);
        for (int x = 0; x < width; x += Count)
        {
            int first = Math.Min(x, width - Count), from = isMirrored ? width - Count - first : first;
            Vector512<uint> pixels = channels == 1
                ? Vector512.WidenLower(Vector512.WidenLower(Vector128.Load(row + from).ToVector256Unsafe().ToVector512Unsafe()))
                : Vector512.Load((uint*)row + from);
            if (isMirrored) pixels = Vector512.Shuffle(pixels, Vector512.Create(15u, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
            float* to = target + (long)first * _channels;
            if (_channels == 1)
            {
                low.Of(pixels).Store(to);
                continue;
            }
            low.Of(Vector512.Shuffle(pixels, Vector512.Create(0u, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5))).Store(to);
            middle.Of(Vector512.Shuffle(pixels, Vector512.Create(5u, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10))).Store(to + Count);
            high.Of(Vector512.Shuffle(pixels, Vector512.Create(10u, 11, 11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15)))
                .Store(to + 2 * Count);
        }
    }

    /// <summary>Writes a row as <see cref="Normalizer.WriteRow"/> does, 8 pixels at a time.</summary>
    public void Write256(byte* row, int channels, int width, bool isMirrored, float* target)
    {
        const int Count = 8;
        Constants constants = channels == 1 ? _gray : _color;
        Values256 low = new(constants, 0), middle = new(constants, Count), high = new(constants, 2 * Count);
        for (int x = 0; x < width; x += Count)
        {
            int first = Math.Min(x, width - Count), from = isMirrored ? width - Count - first : first;
            Vector256<uint> pixels = channels == 1
                ? Vector256.WidenLower(Vector256.WidenLower(Vector64.Load(row + from).ToVector128Unsafe().ToVector256Unsafe()))
                : Vector256.Load((uint*)row + from);
            if (isMirrored) pixels = Vector256.Shuffle(pixels, Vector256.Create(7u, 6, 5, 4, 3, 2, 1, 0));
            float* to = target + (long)first * _channels;
            if (_channels == 1)
            {
                low.Of(pixels).Store(to);
                continue;
            }
            low.Of(Vector256.Shuffle(pixels, Vector256.Create(0u, 0, 0, 1, 1, 1, 2, 2))).Store(to);
            middle.Of(Vector256.Shuffle(pixels, Vector256.Create(2u, 3, 3, 3, 4, 4, 4, 5))).Store(to + Count);
            high.Of(Vector256.Shuffle(pixels, Vector256.Create(5u, 5, 6, 6, 6, 7, 7, 7))).Store(to + 2 * Count);
        }
    }

    /// <summary>Writes a row as <see cref="Normalizer.WriteRow"/> does, 4 pixels at a time.</summary>
    public void Write128(byte* row, int channels, int width, bool isMirrored, float* target)
    {
        const int Count = 4;
        Constants constants = channels == 1 ? _gray : _color;
        Values128 low = new(constants, 0), middle = new(constants, Count), high = new(constants, 2 * Count);
        for (int x = 0; x < width; x += Count)
        {
            int first = Math.Min(x, width - Count), from = isMirrored ? width - Count - first : first;
            Vector128<uint> pixels = channels == 1
                ? Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(row + from)).AsByte()))
                : Vector128.Load((uint*)row + from);
            if (isMirrored) pixels = Vector128.Shuffle(pixels, Vector128.Create(3u, 2, 1, 0));
            float* to = target + (long)first * _channels;
            if (_channels == 1)
            {
                low.Of(pixels).Store(to);
                continue;
            }
            low.Of(Vector128.Shuffle(pixels, Vector128.Create(0u, 0, 0, 1))).Store(to);
            middle.Of(Vector128.Shuffle(pixels, Vector128.Create(1u, 1, 2, 2))).Store(to + Count);
            high.Of(Vector128.Shuffle(pixels, Vector128.Create(2u, 3, 3, 3))).Store(to + 2 * Count);
        }
    }

    /// <summary>Mask, scale, mean and standard deviation of each value, as many as fill three vectors of 16.</summary>
    private sealed class Constants
    {
        private const int Period = 48;

        /// <param name="isGray">Whether pixels are a byte for all channels; else RGBX.</param>
        public Constants(float[] mean, float[] std, bool isGray)
        {
            for (int i = 0; i < Period; i++)
            {
                int channel = i % mean.Length, bits = isGray ? 0 : 8 * channel;
                (Mask[i], Scale[i], Mean[i], Std[i]) = (255u << bits, 255 << bits, mean[channel], std[channel]);
            }
        }

        public uint[] Mask { get; } = new uint[Period];

        public float[] Scale { get; } = new float[Period];

        public float[] Mean { get; } = new float[Period];

        public float[] Std { get; } = new float[Period];
    }

    /// <summary>The constants of a vector of 16 values, from the value <paramref name="at"/> on.</summary>
    private readonly struct Values512(Constants constants, int at)
    {
        private readonly Vector512<uint> _mask = Vector512.Create(constants.Mask, at);
        private readonly Vector512<float> _scale = Vector512.Create(constants.Scale, at);
        private readonly Vector512<float> _mean = Vector512.Create(constants.Mean, at);
        private readonly Vector512<float> _std = Vector512.Create(constants.Std, at);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<float> Of(Vector512<uint> pixels) =>
            (Vector512.ConvertToSingle((pixels & _mask).AsInt32()) / _scale - _mean) / _std;
    }

    /// <summary>The constants of a vector of 8 values, from the value <paramref name="at"/> on.</summary>
    private readonly struct Values256(Constants constants, int at)
    {
        private readonly Vector256<uint> _mask = Vector256.Create(constants.Mask, at);
        private readonly Vector256<float> _scale = Vector256.Create(constants.Scale, at);
        private readonly Vector256<float> _mean = Vector256.Create(constants.Mean, at);
        private readonly Vector256<float> _std = Vector256.Create(constants.Std, at);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<float> Of(Vector256<uint> pixels) =>
            (Vector256.ConvertToSingle((pixels & _mask).AsInt32()) / _scale - _mean) / _std;
    }

    /// <summary>The constants of a vector of 4 values, from the value <paramref name="at"/> on.</summary>
    private readonly struct Values128(Constants constants, int at)
    {
        private readonly Vector128<uint> _mask = Vector128.Create(constants.Mask, at);
        private readonly Vector128<float> _scale = Vector128.Create(constants.Scale, at);
        private readonly Vector128<float> _mean = Vector128.Create(constants.Mean, at);
        private readonly Vector128<float> _std = Vector128.Create(constants.Std, at);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector128<float> Of(Vector128<uint> pixels) =>
            (Vector128.ConvertToSingle((pixels & _mask).AsInt32()) / _scale - _mean) / _std;
    }
}
