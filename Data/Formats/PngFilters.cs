using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Undoes the filters of scanlines (PNG section 9), one pixel at a time where a byte depends on the one before it. Buffers have
/// <see cref="ScratchBuffer.Slack"/> bytes after their end.
/// </summary>
internal static unsafe class PngFilters
{
    /// <summary>Undoes filter <paramref name="type"/>; false if there is no such filter.</summary>
    /// <param name="type">0 none, 1 sub, 2 up, 3 average, 4 Paeth.</param>
    /// <param name="raw">[length] filtered bytes.</param>
    /// <param name="above">[length] bytes of the line above; zeros for the first line.</param>
    /// <param name="line">[length] bytes of the result, in another buffer.</param>
    /// <param name="length">Number of bytes.</param>
    /// <param name="distance">Bytes per pixel, at least one: 1, 2, 3, 4, 6 or 8.</param>
    public static bool Undo(byte type, byte* raw, byte* above, byte* line, int length, int distance)
    {
        switch (type)
        {
            case 0:
                Unsafe.CopyBlockUnaligned(line, raw, (uint)length);
                return true;
            case 1:
                if (distance == 1) SubBytes(raw, line, length);
                else Sub(raw, line, length, distance);
                return true;
            case 2:
                for (int i = 0; i < length; i += 16) (Vector128.Load(raw + i) + Vector128.Load(above + i)).Store(line + i);
                return true;
            case 3:
                if (distance == 1) AverageBytes(raw, above, line, length);
                else Average(raw, above, line, length, distance);
                return true;
            case 4:
                if (distance == 1) PaethBytes(raw, above, line, length);
                else Paeth(raw, above, line, length, distance);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The left, upper or upper left byte, whichever is nearest to left + upper - upper left.</summary>
    internal static byte Paeth(int left, int upper, int upperLeft)
    {
        int estimate = left + upper - upperLeft;
        int a = Math.Abs(estimate - left), b = Math.Abs(estimate - upper), c = Math.Abs(estimate - upperLeft);
        return (byte)(a <= b && a <= c ? left : b <= c ? upper : upperLeft);
    }

    private static void SubBytes(byte* raw, byte* line, int length)
    {
        byte left = 0;
        for (int i = 0; i < length; i++) line[i] = left += raw[i];
    }

    private static void AverageBytes(byte* raw, byte* above, byte* line, int length)
    {
        int left = 0;
        for (int i = 0; i < length; i++) line[i] = (byte)(left = (byte)(raw[i] + ((left + above[i]) >> 1)));
    }

    private static void PaethBytes(byte* raw, byte* above, byte* line, int length)
    {
        int left = 0, upperLeft = 0;
        for (int i = 0; i < length; i++)
        {
            int upper = above[i];
            line[i] = (byte)(left = (byte)(raw[i] + Paeth(left, upper, upperLeft)));
            upperLeft = upper;
        }
    }

    // The lower lanes of a vector hold a pixel. The lanes above it belong to the next pixel, and are overwritten with it.

    private static void Sub(byte* raw, byte* line, int length, int distance)
    {
        Vector128<byte> left = default;
        for (int i = 0; i < length; i += distance)
        {
            left += Pixel(raw + i);
            Unsafe.WriteUnaligned(line + i, left.AsUInt64().ToScalar());
        }
    }

    private static void Average(byte* raw, byte* above, byte* line, int length, int distance)
    {
        Vector128<byte> left = default, lowBits = Vector128.Create((byte)0x7F);
        for (int i = 0; i < length; i += distance)
        {
            Vector128<byte> upper = Pixel(above + i);
            left = Pixel(raw + i) + (left & upper) + (((left ^ upper).AsUInt16() >> 1).AsByte() & lowBits);
            Unsafe.WriteUnaligned(line + i, left.AsUInt64().ToScalar());
        }
    }

    private static void Paeth(byte* raw, byte* above, byte* line, int length, int distance)
    {
        Vector128<short> left = default, upperLeft = default, bytes = Vector128.Create((short)0xFF);
        for (int i = 0; i < length; i += distance)
        {
            Vector128<short> upper = Vector128.WidenLower(Pixel(above + i)).AsInt16();
            Vector128<short> fromLeft = upper - upperLeft, fromUpper = left - upperLeft;
            Vector128<short> a = Vector128.Abs(fromLeft), b = Vector128.Abs(fromUpper), c = Vector128.Abs(fromLeft + fromUpper);
            Vector128<short> least = Vector128.Min(a, Vector128.Min(b, c));
            Vector128<short> nearest = Vector128.ConditionalSelect(
                Vector128.Equals(least, a), left, Vector128.ConditionalSelect(Vector128.Equals(least, b), upper, upperLeft));
            left = (Vector128.WidenLower(Pixel(raw + i)).AsInt16() + nearest) & bytes;
            upperLeft = upper;
            Unsafe.WriteUnaligned(line + i, Vector128.Narrow(left.AsUInt16(), left.AsUInt16()).AsUInt64().ToScalar());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Pixel(byte* p) => Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(p)).AsByte();
}
