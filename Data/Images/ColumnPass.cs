using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuCnn.Data;

/// <summary>The first pass of scaling: weighted sums of neighboring pixels within each row.</summary>
internal sealed unsafe class ColumnPass(ScratchSource source) : IDisposable
{
    private const int Precision = FilterTable.PrecisionBits, LowBits = FixedPoint.LowBits, Half = FixedPoint.Half;

    /// <summary>Pixels per step of a sum, in color and in gray.</summary>
    private const int ColorTaps = 4, GrayTaps = 8;

    private readonly ScratchBuffer _weightMemory = new(source), _firstMemory = new(source);
    private (FilterTable? Table, int Version, int PixelBytes) _packed;
    private int _count, _groups;

    /// <summary>[positions]: byte offset in a row of the first pixel of each sum.</summary>
    private int* _first;

    /// <summary>
    /// For each group of taps the high halves, then the low halves, in the order of the multiplication: gray [8], color [0 1 0 1 0 1 0 1 2
    /// 3 2 3 2 3 2 3], and with 512-bit vectors those of two neighboring positions.
    /// </summary>
    private short* _weights;

    /// <summary>Writable bytes around each row of the result.</summary>
    public const int Margin = 64;

    private static bool IsWide => Avx512BW.IsSupported;

    /// <summary>Arranges the weights for pixels of 1 or 4 bytes.</summary>
    public void Prepare(FilterTable table, int pixelBytes)
    {
        if (_packed == (table, table.Version, pixelBytes)) return;
        int taps = pixelBytes == 1 ? GrayTaps : ColorTaps, perGroup = pixelBytes == 1 ? 2 * GrayTaps : 32;
        // Four positions are computed at once. Those past the last have an empty sum.
        (_count, _groups) = ((table.Count + 3) & ~3, (table.Longest + taps - 1) / taps);
        long shorts = (long)_count * _groups * perGroup;
        _weights = (short*)_weightMemory.Take(shorts * sizeof(short));
        _first = (int*)_firstMemory.Take((long)_count * sizeof(int));
        new Span<byte>(_weights, checked((int)(shorts * sizeof(short)))).Clear();
        for (int x = 0; x < _count; x++) _first[x] = table.Begin * pixelBytes;
        int pair = IsWide ? 2 : 1, latest = Math.Max(table.Begin, table.End - _groups * taps);
        for (int x = 0; x < table.Count; x++)
        {
            ReadOnlySpan<int> weights = table.Weights(x);
            // Groups end within the source: those that would pass its end start earlier, with weights of 0 before the first.
            int start = Math.Min(table.First(x), latest), before = table.First(x) - start;
            _first[x] = start * pixelBytes;
            for (int k = 0; k < weights.Length; k++)
            {
                int group = (before + k) / taps, tap = (before + k) % taps;
                short high = FixedPoint.High(weights[k]), low = FixedPoint.Low(weights[k]);
                if (pixelBytes == 1)
                {
                    short* at = _weights + ((long)x * _groups + group) * perGroup + tap;
                    (at[0], at[GrayTaps]) = (high, low);
                    continue;
                }
                short* to = _weights + ((long)(x / pair) * _groups + group) * perGroup * pair + x % pair * 16 + (tap >> 1) * 8 + (tap & 1);
                for (int c = 0; c < 4; c++) (to[2 * c], to[16 * pair + 2 * c]) = (high, low);
            }
        }
        _packed = (table, table.Version, pixelBytes);
    }

    /// <summary>Computes rows.</summary>
    /// <param name="from">The first row, at the column that the table numbers 0.</param>
    /// <param name="fromStride">Bytes from one row to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="isMirrored">Whether the result runs from right to left.</param>
    /// <param name="to">[rows, positions] pixels, with at least <see cref="Margin"/> bytes before, between and after the rows.</param>
    /// <param name="toStride">Bytes from one row to the next.</param>
    public void Run(byte* from, long fromStride, int rows, bool isMirrored, byte* to, long toStride)
    {
        int width = _packed.Table!.Count;
        for (int y = 0; y < rows; y++, from += fromStride, to += toStride)
        {
            if (_packed.PixelBytes == 1) Gray(from, to, width, isMirrored);
            else if (IsWide) Color512(from, to, width, isMirrored);
            else if (Avx2.IsSupported) Color256(from, to, width, isMirrored);
            else Color128(from, to, width, isMirrored);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gray(byte* from, byte* to, int width, bool isMirrored)
    {
        short* weights = _weights;
        for (int x = 0; x < width; x++)
        {
            byte* pixels = from + _first[x];
            Vector128<int> high = default, low = default;
            for (int g = 0; g < _groups; g++, pixels += GrayTaps, weights += 2 * GrayTaps)
            {
                Vector128<short> eight = Vector128.WidenLower(Vector64.Load(pixels).ToVector128Unsafe()).AsInt16();
                high += Lanes.PairDot(eight, Vector128.Load(weights));
                low += Lanes.PairDot(eight, Vector128.Load(weights + GrayTaps));
            }
            int sum = Vector128.Sum((high << LowBits) + low) + Half;
            to[isMirrored ? width - 1 - x : x] = (byte)Math.Clamp(sum >> Precision, 0, 255);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Color512(byte* from, byte* to, int width, bool isMirrored)
    {
        Vector512<byte> pairs = Vector512.Create(PairsOfFour, PairsOfFour);
        Vector512<int> half = Vector512.Create(Half);
        int groups = _groups;
        int* first = _first;
        short* weights = _weights;
        for (int x = 0; x < width; x += 4, weights += groups * 64)
        {
            byte* p0 = from + first[x], p1 = from + first[x + 1], p2 = from + first[x + 2], p3 = from + first[x + 3];
            Vector512<int> high01 = default, low01 = default, high23 = default, low23 = default;
            for (int g = 0; g < groups; g++, p0 += 16, p1 += 16, p2 += 16, p3 += 16, weights += 64)
            {
                short* other = weights + groups * 64;
                Vector512<short> v01 = Avx512BW.Shuffle(Vector512.Create(Repeated(p0), Repeated(p1)), pairs).AsInt16();
                Vector512<short> v23 = Avx512BW.Shuffle(Vector512.Create(Repeated(p2), Repeated(p3)), pairs).AsInt16();
                high01 += Avx512BW.MultiplyAddAdjacent(v01, Vector512.Load(weights));
                low01 += Avx512BW.MultiplyAddAdjacent(v01, Vector512.Load(weights + 32));
                high23 += Avx512BW.MultiplyAddAdjacent(v23, Vector512.Load(other));
                low23 += Avx512BW.MultiplyAddAdjacent(v23, Vector512.Load(other + 32));
            }
            Vector512<int> sum01 = (high01 << LowBits) + low01, sum23 = (high23 << LowBits) + low23;
            Vector512<int> even = Avx512F.Shuffle4x128(sum01, sum23, 0b10_00_10_00),
                odd = Avx512F.Shuffle4x128(sum01, sum23, 0b11_01_11_01);
            Vector512<int> sums = even + odd + half;
            Vector512<uint> clamped = Vector512.Max(sums >> Precision, Vector512<int>.Zero).AsUInt32();
            Vector128<uint> four = Avx512F.ConvertToVector128ByteWithSaturation(clamped).AsUInt32();
            if (isMirrored) Vector128.Shuffle(four, Vector128.Create(3u, 2, 1, 0)).Store((uint*)to + width - 4 - x);
            else four.Store((uint*)to + x);
        }
    }

    /// <summary>
    /// Shuffles four pixels into pairs of channels of 16 bits: r0 r1 g0 g1 b0 b1 x0 x1 in the lower half, those of pixels 2 and 3 in the
    /// upper.
    /// </summary>
    private static Vector256<byte> PairsOfFour => Vector256.Create(
        0, 0x80, 4, 0x80, 1, 0x80, 5, 0x80, 2, 0x80, 6, 0x80, 3, 0x80, 7, 0x80,
        8, 0x80, 12, 0x80, 9, 0x80, 13, 0x80, 10, 0x80, 14, 0x80, 11, 0x80, 15, 0x80);

    /// <summary>Loads 16 bytes into both halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Repeated(byte* sixteen) => Avx2.BroadcastVector128ToVector256(sixteen);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Color256(byte* from, byte* to, int width, bool isMirrored)
    {
        Vector256<byte> pairs = PairsOfFour;
        Vector128<int> half = Vector128.Create(Half);
        short* weights = _weights;
        for (int x = 0; x < width; x++)
        {
            byte* pixels = from + _first[x];
            Vector256<int> high = default, low = default;
            for (int g = 0; g < _groups; g++, pixels += 16, weights += 32)
            {
                Vector256<short> four = Avx2.Shuffle(Repeated(pixels), pairs).AsInt16();
                high += Avx2.MultiplyAddAdjacent(four, Vector256.Load(weights));
                low += Avx2.MultiplyAddAdjacent(four, Vector256.Load(weights + 16));
            }
            Vector256<int> both = (high << LowBits) + low;
            Vector128<int> sum = (both.GetLower() + both.GetUpper() + half) >> Precision;
            Vector128<short> narrow = Sse2.PackSignedSaturate(sum, sum);
            ((uint*)to)[isMirrored ? width - 1 - x : x] = Sse2.PackUnsignedSaturate(narrow, narrow).AsUInt32().ToScalar();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Color128(byte* from, byte* to, int width, bool isMirrored)
    {
        Vector128<int> half = Vector128.Create(Half);
        short* weights = _weights;
        for (int x = 0; x < width; x++)
        {
            byte* pixels = from + _first[x];
            Vector128<int> high = default, low = default;
            for (int g = 0; g < _groups; g++, pixels += 16, weights += 32)
            {
                Vector128<byte> four = Vector128.Load(pixels);
                Vector128<short> first = Vector128.Shuffle(
                    four, Vector128.Create(0, 0x80, 4, 0x80, 1, 0x80, 5, 0x80, 2, 0x80, 6, 0x80, 3, 0x80, 7, 0x80)).AsInt16();
                Vector128<short> second = Vector128.Shuffle(
                    four, Vector128.Create(8, 0x80, 12, 0x80, 9, 0x80, 13, 0x80, 10, 0x80, 14, 0x80, 11, 0x80, 15, 0x80)).AsInt16();
                high += Lanes.PairDot(first, Vector128.Load(weights)) + Lanes.PairDot(second, Vector128.Load(weights + 8));
                low += Lanes.PairDot(first, Vector128.Load(weights + 16)) + Lanes.PairDot(second, Vector128.Load(weights + 24));
            }
            ((uint*)to)[isMirrored ? width - 1 - x : x] = Lanes.ToBytes((high << LowBits) + low + half, Precision);
        }
    }

    public void Dispose()
    {
        _weightMemory.Dispose();
        _firstMemory.Dispose();
    }
}
