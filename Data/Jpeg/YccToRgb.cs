using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuCnn.Data.Jpeg;

/// <summary>
/// Converts rows of components to RGBX, with libjpeg's 16-bit fixed point: R = Y + 1.402 Cr, G = Y - 0.344136 Cb - 0.714136 Cr, B = Y +
/// 1.772 Cb. Reads and writes up to 15 pixels more than asked for.
/// </summary>
internal static unsafe class YccToRgb
{
    private const int RedOfCr = 91881, GreenOfCb = -22554, GreenOfCr = -46802, BlueOfCb = 116130, Half = 1 << 15;

    public static void Convert(byte* luma, byte* blue, byte* red, uint* target, int count)
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            for (int i = 0; i < count; i += 16)
            {
                Vector512<int> y = Avx512F.ConvertToVector512Int32(Vector128.Load(luma + i));
                Vector512<int> cb = Avx512F.ConvertToVector512Int32(Vector128.Load(blue + i)) - Vector512.Create(128);
                Vector512<int> cr = Avx512F.ConvertToVector512Int32(Vector128.Load(red + i)) - Vector512.Create(128);
                Vector512<int> half = Vector512.Create(Half);
                Vector512<int> r = Clamped(y + ((cr * RedOfCr + half) >> 16)), b = Clamped(y + ((cb * BlueOfCb + half) >> 16));
                Vector512<int> g = Clamped(y + ((cb * GreenOfCb + cr * GreenOfCr + half) >> 16));
                (r | g << 8 | b << 16).AsUInt32().Store(target + i);
            }
        }
        else if (Avx2.IsSupported)
        {
            for (int i = 0; i < count; i += 8)
            {
                Vector256<int> y = Avx2.ConvertToVector256Int32(luma + i);
                Vector256<int> cb = Avx2.ConvertToVector256Int32(blue + i) - Vector256.Create(128);
                Vector256<int> cr = Avx2.ConvertToVector256Int32(red + i) - Vector256.Create(128);
                Vector256<int> half = Vector256.Create(Half);
                Vector256<int> r = Clamped(y + ((cr * RedOfCr + half) >> 16)), b = Clamped(y + ((cb * BlueOfCb + half) >> 16));
                Vector256<int> g = Clamped(y + ((cb * GreenOfCb + cr * GreenOfCr + half) >> 16));
                (r | g << 8 | b << 16).AsUInt32().Store(target + i);
            }
        }
        else
        {
            for (int i = 0; i < count; i += 4)
            {
                Vector128<int> y = Widened(luma + i);
                Vector128<int> cb = Widened(blue + i) - Vector128.Create(128), cr = Widened(red + i) - Vector128.Create(128);
                Vector128<int> half = Vector128.Create(Half);
                Vector128<int> r = Clamped(y + ((cr * RedOfCr + half) >> 16)), b = Clamped(y + ((cb * BlueOfCb + half) >> 16));
                Vector128<int> g = Clamped(y + ((cb * GreenOfCb + cr * GreenOfCr + half) >> 16));
                (r | g << 8 | b << 16).AsUInt32().Store(target + i);
            }
        }
    }

    /// <summary>Interleaves components that are red, green and blue already.</summary>
    public static void Interleave(byte* red, byte* green, byte* blue, uint* target, int count)
    {
        for (int i = 0; i < count; i += 4)
            (Widened(red + i) | Widened(green + i) << 8 | Widened(blue + i) << 16).AsUInt32().Store(target + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Widened(byte* four) => Sse41.IsSupported
        ? Sse41.ConvertToVector128Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(four)).AsByte())
        : Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(four)).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Clamped(Vector512<int> v) => Vector512.Min(Vector512.Max(v, Vector512<int>.Zero), Vector512.Create(255));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Clamped(Vector256<int> v) => Vector256.Min(Vector256.Max(v, Vector256<int>.Zero), Vector256.Create(255));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Clamped(Vector128<int> v) => Vector128.Min(Vector128.Max(v, Vector128<int>.Zero), Vector128.Create(255));
}
