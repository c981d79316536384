using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuCnn.Data;

/// <summary>The second pass of scaling: weighted sums of whole rows, two at a time.</summary>
internal sealed unsafe class RowPass(ScratchSource source) : IDisposable
{
    private const int Precision = FilterTable.PrecisionBits, LowBits = FixedPoint.LowBits, Half = FixedPoint.Half;

    private readonly ScratchBuffer _memory = new(source);
    private (FilterTable? Table, int Version) _packed;
    private int _pairs;

    /// <summary>[positions, 2, pairs] of two weights: the high halves, then the low ones.</summary>
    private int* _weights;

    public void Prepare(FilterTable table)
    {
        if (_packed == (table, table.Version)) return;
        _pairs = (table.Longest + 1) / 2;
        long pairs = (long)table.Count * 2 * _pairs;
        _weights = (int*)_memory.Take(pairs * sizeof(int));
        new Span<int>(_weights, checked((int)pairs)).Clear();
        for (int y = 0; y < table.Count; y++)
        {
            ReadOnlySpan<int> weights = table.Weights(y);
            short* high = (short*)(_weights + (long)y * 2 * _pairs), low = high + 2 * _pairs;
            for (int k = 0; k < weights.Length; k++) (high[k], low[k]) = (FixedPoint.High(weights[k]), FixedPoint.Low(weights[k]));
        }
        _packed = (table, table.Version);
    }

    /// <summary>Computes row <paramref name="y"/> of the result.</summary>
    /// <param name="from">The row of the table's <see cref="FilterTable.Begin"/>. One row past the last may be read.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <param name="to">[bytes]; up to 63 more are written.</param>
    /// <param name="bytes">Bytes per row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int y, byte* from, long stride, byte* to, int bytes)
    {
        FilterTable table = _packed.Table!;
        int* high = _weights + (long)y * 2 * _pairs, low = high + _pairs;
        int pairs = (table.Weights(y).Length + 1) / 2;
        from += (table.First(y) - table.Begin) * stride;
        if (Avx512BW.IsSupported) Run512(from, stride, high, low, pairs, to, bytes);
        else if (Avx2.IsSupported) Run256(from, stride, high, low, pairs, to, bytes);
        else Run128(from, stride, high, low, pairs, to, bytes);
    }

    private static void Run512(byte* from, long stride, int* high, int* low, int pairs, byte* to, int bytes)
    {
        for (int i = 0; i < bytes; i += 64)
        {
            Vector512<int> h0 = default, h1 = default, h2 = default, h3 = default, l0 = default, l1 = default, l2 = default, l3 = default;
            byte* row = from + i;
            for (int k = 0; k < pairs; k++, row += 2 * stride)
            {
                Vector512<byte> a = Vector512.Load(row), b = Vector512.Load(row + stride), zero = default;
                Vector512<byte> lower = Avx512BW.UnpackLow(a, b), upper = Avx512BW.UnpackHigh(a, b);
                Vector512<short> v0 = Avx512BW.UnpackLow(lower, zero).AsInt16(), v1 = Avx512BW.UnpackHigh(lower, zero).AsInt16();
                Vector512<short> v2 = Avx512BW.UnpackLow(upper, zero).AsInt16(), v3 = Avx512BW.UnpackHigh(upper, zero).AsInt16();
                Vector512<short> h = Vector512.Create(high[k]).AsInt16(), l = Vector512.Create(low[k]).AsInt16();
                h0 += Avx512BW.MultiplyAddAdjacent(v0, h);
                h1 += Avx512BW.MultiplyAddAdjacent(v1, h);
                h2 += Avx512BW.MultiplyAddAdjacent(v2, h);
                h3 += Avx512BW.MultiplyAddAdjacent(v3, h);
                l0 += Avx512BW.MultiplyAddAdjacent(v0, l);
                l1 += Avx512BW.MultiplyAddAdjacent(v1, l);
                l2 += Avx512BW.MultiplyAddAdjacent(v2, l);
                l3 += Avx512BW.MultiplyAddAdjacent(v3, l);
            }
            Vector512<int> half = Vector512.Create(Half);
            Vector512<short> s01 = Avx512BW.PackSignedSaturate(
                ((h0 << LowBits) + l0 + half) >> Precision, ((h1 << LowBits) + l1 + half) >> Precision);
            Vector512<short> s23 = Avx512BW.PackSignedSaturate(
                ((h2 << LowBits) + l2 + half) >> Precision, ((h3 << LowBits) + l3 + half) >> Precision);
            Avx512BW.PackUnsignedSaturate(s01, s23).Store(to + i);
        }
    }

    private static void Run256(byte* from, long stride, int* high, int* low, int pairs, byte* to, int bytes)
    {
        for (int i = 0; i < bytes; i += 32)
        {
            Vector256<int> h0 = default, h1 = default, h2 = default, h3 = default, l0 = default, l1 = default, l2 = default, l3 = default;
            byte* row = from + i;
            for (int k = 0; k < pairs; k++, row += 2 * stride)
            {
                Vector256<byte> a = Vector256.Load(row), b = Vector256.Load(row + stride), zero = default;
                Vector256<byte> lower = Avx2.UnpackLow(a, b), upper = Avx2.UnpackHigh(a, b);
                Vector256<short> v0 = Avx2.UnpackLow(lower, zero).AsInt16(), v1 = Avx2.UnpackHigh(lower, zero).AsInt16();
                Vector256<short> v2 = Avx2.UnpackLow(upper, zero).AsInt16(), v3 = Avx2.UnpackHigh(upper, zero).AsInt16();
                Vector256<short> h = Vector256.Create(high[k]).AsInt16(), l = Vector256.Create(low[k]).AsInt16();
                h0 += Avx2.MultiplyAddAdjacent(v0, h);
                h1 += Avx2.MultiplyAddAdjacent(v1, h);
                h2 += Avx2.MultiplyAddAdjacent(v2, h);
                h3 += Avx2.MultiplyAddAdjacent(v3, h);
                l0 += Avx2.MultiplyAddAdjacent(v0, l);
                l1 += Avx2.MultiplyAddAdjacent(v1, l);
                l2 += Avx2.MultiplyAddAdjacent(v2, l);
                l3 += Avx2.MultiplyAddAdjacent(v3, l);
            }
            Vector256<int> half = Vector256.Create(Half);
            Vector256<short> s01 = Avx2.PackSignedSaturate(
                ((h0 << LowBits) + l0 + half) >> Precision, ((h1 << LowBits) + l1 + half) >> Precision);
            Vector256<short> s23 = Avx2.PackSignedSaturate(
                ((h2 << LowBits) + l2 + half) >> Precision, ((h3 << LowBits) + l3 + half) >> Precision);
            Avx2.PackUnsignedSaturate(s01, s23).Store(to + i);
        }
    }

    private static void Run128(byte* from, long stride, int* high, int* low, int pairs, byte* to, int bytes)
    {
        for (int i = 0; i < bytes; i += 8)
        {
            Vector128<int> h0 = default, h1 = default, l0 = default, l1 = default;
            byte* row = from + i;
            for (int k = 0; k < pairs; k++, row += 2 * stride)
            {
                Vector128<short> a = Vector128.WidenLower(Vector64.Load(row).ToVector128Unsafe()).AsInt16();
                Vector128<short> b = Vector128.WidenLower(Vector64.Load(row + stride).ToVector128Unsafe()).AsInt16();
                Vector128<short> h = Vector128.Create(high[k]).AsInt16(), l = Vector128.Create(low[k]).AsInt16();
                Vector128<short> lower = Lanes.ZipLower(a, b), upper = Lanes.ZipUpper(a, b);
                h0 += Lanes.PairDot(lower, h);
                h1 += Lanes.PairDot(upper, h);
                l0 += Lanes.PairDot(lower, l);
                l1 += Lanes.PairDot(upper, l);
            }
            Vector128<int> half = Vector128.Create(Half);
            Unsafe.WriteUnaligned(to + i, Lanes.ToBytes((h0 << LowBits) + l0 + half, Precision));
            Unsafe.WriteUnaligned(to + i + 4, Lanes.ToBytes((h1 << LowBits) + l1 + half, Precision));
        }
    }

    public void Dispose() => _memory.Dispose();
}
