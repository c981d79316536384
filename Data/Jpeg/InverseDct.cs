using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuCnn.Data.Jpeg;

/// <summary>
/// The inverse cosine transform of 8x8 blocks in the integer arithmetic of libjpeg's "islow": the algorithm of Loeffler, Ligtenberg and
/// Moschytz with 11 multiplications, 13 fraction bits, and 2 more between the passes. Equal to libjpeg bit for bit.
/// </summary>
internal static unsafe class InverseDct
{
    private const int FractionBits = 13, BetweenBits = 2;

    /// <summary>Shifts after the columns and after the rows; the second also removes the transform's factor of 8.</summary>
    private const int FirstShift = FractionBits - BetweenBits, SecondShift = FractionBits + BetweenBits + 3;

    /// <summary>Fills a block with one value: its DC coefficient divided by 8.</summary>
    public static void Flat(int dc, byte* target, int stride)
    {
        ulong row = (ulong)Math.Clamp(((dc + 4) >> 3) + 128, 0, 255) * 0x0101010101010101;
        for (int y = 0; y < 8; y++, target += stride) Unsafe.WriteUnaligned(target, row);
    }

    /// <summary>Transforms dequantized coefficients [8, 8] to samples, clamped to a byte.</summary>
    /// <param name="block">[8, 8].</param>
    /// <param name="target">Eight rows of eight samples.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    public static void Transform(short* block, byte* target, int stride)
    {
        if (Avx2.IsSupported) Transform256(block, target, stride);
        else Transform128(block, target, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform256(short* block, byte* target, int stride)
    {
        Vector256<int> r0 = Avx2.ConvertToVector256Int32(block), r1 = Avx2.ConvertToVector256Int32(block + 8);
        Vector256<int> r2 = Avx2.ConvertToVector256Int32(block + 16), r3 = Avx2.ConvertToVector256Int32(block + 24);
        Vector256<int> r4 = Avx2.ConvertToVector256Int32(block + 32), r5 = Avx2.ConvertToVector256Int32(block + 40);
        Vector256<int> r6 = Avx2.ConvertToVector256Int32(block + 48), r7 = Avx2.ConvertToVector256Int32(block + 56);
        Pass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, FirstShift);
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        Pass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, SecondShift);
        // Each vector now holds a column of samples.
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        Vector256<byte> middle = Vector256.Create((byte)0x80);
        Vector256<short> s01 = Avx2.PackSignedSaturate(r0, r1), s23 = Avx2.PackSignedSaturate(r2, r3);
        Vector256<short> s45 = Avx2.PackSignedSaturate(r4, r5), s67 = Avx2.PackSignedSaturate(r6, r7);
        Vector256<byte> upper = Avx2.PackSignedSaturate(s01, s23).AsByte() ^ middle;
        Vector256<byte> lower = Avx2.PackSignedSaturate(s45, s67).AsByte() ^ middle;
        // The lower half holds the left four samples of four rows; the upper half holds the right four.
        Vector256<int> order = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);
        Store(Avx2.PermuteVar8x32(upper.AsInt32(), order).AsUInt64(), target, stride);
        Store(Avx2.PermuteVar8x32(lower.AsInt32(), order).AsUInt64(), target + 4 * stride, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<ulong> rows, byte* target, int stride)
    {
        Unsafe.WriteUnaligned(target, rows.GetLower().ToScalar());
        Unsafe.WriteUnaligned(target + stride, rows.GetLower().GetElement(1));
        Unsafe.WriteUnaligned(target + 2 * stride, rows.GetUpper().ToScalar());
        Unsafe.WriteUnaligned(target + 3 * stride, rows.GetUpper().GetElement(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(
        ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7, [ConstantExpected] int shift)
    {
        Vector256<int> z = (r2 + r6) * 4433, c = z - r6 * 15137, d = z + r2 * 6270, half = Vector256.Create(1 << (shift - 1));
        Vector256<int> a = ((r0 + r4) << FractionBits) + half, b = ((r0 - r4) << FractionBits) + half;
        Vector256<int> e0 = a + d, e1 = b + c, e2 = b - c, e3 = a - d;
        Vector256<int> y5 = (r7 + r3 + r5 + r1) * 9633, y3 = y5 - (r7 + r3) * 16069, y4 = y5 - (r5 + r1) * 3196;
        Vector256<int> y1 = (r7 + r1) * -7373, y2 = (r5 + r3) * -20995;
        Vector256<int> o0 = r1 * 12299 + y1 + y4, o1 = r3 * 25172 + y2 + y3, o2 = r5 * 16819 + y2 + y4, o3 = r7 * 2446 + y1 + y3;
        (r0, r7) = ((e0 + o0) >> shift, (e0 - o0) >> shift);
        (r1, r6) = ((e1 + o1) >> shift, (e1 - o1) >> shift);
        (r2, r5) = ((e2 + o2) >> shift, (e2 - o2) >> shift);
        (r3, r4) = ((e3 + o3) >> shift, (e3 - o3) >> shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7)
    {
        Vector256<long> a0 = Avx2.UnpackLow(r0, r1).AsInt64(), a1 = Avx2.UnpackHigh(r0, r1).AsInt64();
        Vector256<long> a2 = Avx2.UnpackLow(r2, r3).AsInt64(), a3 = Avx2.UnpackHigh(r2, r3).AsInt64();
        Vector256<long> a4 = Avx2.UnpackLow(r4, r5).AsInt64(), a5 = Avx2.UnpackHigh(r4, r5).AsInt64();
        Vector256<long> a6 = Avx2.UnpackLow(r6, r7).AsInt64(), a7 = Avx2.UnpackHigh(r6, r7).AsInt64();
        Vector256<int> b0 = Avx2.UnpackLow(a0, a2).AsInt32(), b1 = Avx2.UnpackHigh(a0, a2).AsInt32();
        Vector256<int> b2 = Avx2.UnpackLow(a1, a3).AsInt32(), b3 = Avx2.UnpackHigh(a1, a3).AsInt32();
        Vector256<int> b4 = Avx2.UnpackLow(a4, a6).AsInt32(), b5 = Avx2.UnpackHigh(a4, a6).AsInt32();
        Vector256<int> b6 = Avx2.UnpackLow(a5, a7).AsInt32(), b7 = Avx2.UnpackHigh(a5, a7).AsInt32();
        (r0, r4) = (Avx2.Permute2x128(b0, b4, 0x20), Avx2.Permute2x128(b0, b4, 0x31));
        (r1, r5) = (Avx2.Permute2x128(b1, b5, 0x20), Avx2.Permute2x128(b1, b5, 0x31));
        (r2, r6) = (Avx2.Permute2x128(b2, b6, 0x20), Avx2.Permute2x128(b2, b6, 0x31));
        (r3, r7) = (Avx2.Permute2x128(b3, b7, 0x20), Avx2.Permute2x128(b3, b7, 0x31));
    }

    /// <summary>The same in halves of four columns, then of four rows, on any processor with 128-bit vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform128(short* block, byte* target, int stride)
    {
        // [8, 8], transposed: the input of the second pass.
        int* between = stackalloc int[64];
        for (int half = 0; half < 2; half++)
        {
            Quad upper = new(block + 4 * half, 8), lower = new(block + 32 + 4 * half, 8);
            Pass(ref upper, ref lower, FirstShift);
            upper.StoreTransposed(between + 32 * half, 8);
            lower.StoreTransposed(between + 32 * half + 4, 8);
        }
        Vector128<byte> middle = Vector128.Create((byte)0x80);
        // Columns of the transposed block are rows of samples. Each half holds four of them.
        int* rows = stackalloc int[64];
        for (int half = 0; half < 2; half++)
        {
            Quad left = new(between + 4 * half, 8), right = new(between + 32 + 4 * half, 8);
            Pass(ref left, ref right, SecondShift);
            left.StoreTransposed(rows, 8);
            right.StoreTransposed(rows + 4, 8);
            for (int y = 0; y < 4; y += 2, target += 2 * stride)
            {
                int* row = rows + 8 * y;
                Vector128<short> first = Vector128.NarrowWithSaturation(Vector128.Load(row), Vector128.Load(row + 4));
                Vector128<short> second = Vector128.NarrowWithSaturation(Vector128.Load(row + 8), Vector128.Load(row + 12));
                Vector128<ulong> samples = (Vector128.NarrowWithSaturation(first, second).AsByte() ^ middle).AsUInt64();
                Unsafe.WriteUnaligned(target, samples.ToScalar());
                Unsafe.WriteUnaligned(target + stride, samples.GetElement(1));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(ref Quad first, ref Quad second, [ConstantExpected] int shift)
    {
        Vector128<int> r0 = first.A, r1 = first.B, r2 = first.C, r3 = first.D, r4 = second.A, r5 = second.B, r6 = second.C, r7 = second.D;
        Vector128<int> z = (r2 + r6) * 4433, c = z - r6 * 15137, d = z + r2 * 6270, half = Vector128.Create(1 << (shift - 1));
        Vector128<int> a = ((r0 + r4) << FractionBits) + half, b = ((r0 - r4) << FractionBits) + half;
        Vector128<int> e0 = a + d, e1 = b + c, e2 = b - c, e3 = a - d;
        Vector128<int> y5 = (r7 + r3 + r5 + r1) * 9633, y3 = y5 - (r7 + r3) * 16069, y4 = y5 - (r5 + r1) * 3196;
        Vector128<int> y1 = (r7 + r1) * -7373, y2 = (r5 + r3) * -20995;
        Vector128<int> o0 = r1 * 12299 + y1 + y4, o1 = r3 * 25172 + y2 + y3, o2 = r5 * 16819 + y2 + y4, o3 = r7 * 2446 + y1 + y3;
        (first.A, second.D) = ((e0 + o0) >> shift, (e0 - o0) >> shift);
        (first.B, second.C) = ((e1 + o1) >> shift, (e1 - o1) >> shift);
        (first.C, second.B) = ((e2 + o2) >> shift, (e2 - o2) >> shift);
        (first.D, second.A) = ((e3 + o3) >> shift, (e3 - o3) >> shift);
    }

    /// <summary>Four rows of four values.</summary>
    private struct Quad
    {
        public Vector128<int> A, B, C, D;

        public Quad(short* rows, int stride)
        {
            A = Widened(rows);
            B = Widened(rows + stride);
            C = Widened(rows + 2 * stride);
            D = Widened(rows + 3 * stride);
        }

        public Quad(int* rows, int stride)
        {
            A = Vector128.Load(rows);
            B = Vector128.Load(rows + stride);
            C = Vector128.Load(rows + 2 * stride);
            D = Vector128.Load(rows + 3 * stride);
        }

        /// <summary>Writes the rows as columns.</summary>
        public readonly void StoreTransposed(int* target, int stride)
        {
            (Vector128<long> ab0, Vector128<long> ab1) = Zip(A, B);
            (Vector128<long> cd0, Vector128<long> cd1) = Zip(C, D);
            Vector128.Create(ab0.GetLower(), cd0.GetLower()).AsInt32().Store(target);
            Vector128.Create(ab0.GetUpper(), cd0.GetUpper()).AsInt32().Store(target + stride);
            Vector128.Create(ab1.GetLower(), cd1.GetLower()).AsInt32().Store(target + 2 * stride);
            Vector128.Create(ab1.GetUpper(), cd1.GetUpper()).AsInt32().Store(target + 3 * stride);
        }

        private static Vector128<int> Widened(short* four) => Vector128.WidenLower(Vector64.Load(four).ToVector128Unsafe());

        /// <summary>Interleaves the lower lanes of two vectors, and their upper lanes.</summary>
        private static (Vector128<long> Lower, Vector128<long> Upper) Zip(Vector128<int> a, Vector128<int> b) =>
            (Lanes.ZipLower(a, b).AsInt64(), Lanes.ZipUpper(a, b).AsInt64());
    }
}
