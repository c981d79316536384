using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GpuCnn.Data.Jpeg;

/// <summary>
/// Brings rows of a component to the picture's resolution, as libjpeg does. Where two pixels share a sample, mixes three quarters of it
/// with one quarter of its neighbor ("fancy upsampling"). Where more pixels do, or there are only two samples, repeats the sample.
/// </summary>
internal static unsafe class Upsampling
{
    /// <summary>Writable bytes before and after a row.</summary>
    public const int Margin = 64;

    /// <summary>
    /// Computes the samples of row <paramref name="y"/> for the pixels from <paramref name="left"/> up to <paramref name="right"/>.
    /// </summary>
    /// <param name="component">Its plane holds the rows that are needed.</param>
    /// <param name="line">[right - left], with <see cref="Margin"/> bytes before and after it.</param>
    /// <param name="sums">[right - left] of 16 bits, with <see cref="Margin"/> bytes before and after it.</param>
    /// <returns>Address of the pixel <paramref name="left"/>, in the plane or in <paramref name="line"/>.</returns>
    public static byte* Row(in JpegComponent component, int y, int left, int right, byte* line, ushort* sums)
    {
        int row = y / component.ExpandY;
        byte* near = component.Row(row);
        if (component.ExpandX == 1 && !component.InterpolatesY) return near + left;
        if (!component.InterpolatesX && !component.InterpolatesY)
        {
            for (int x = left; x < right; x++) line[x - left] = near[x / component.ExpandX];
            return line;
        }
        bool isUpper = (y & 1) == 0;
        byte* far = component.InterpolatesY ? component.Row(Math.Clamp(isUpper ? row - 1 : row + 1, 0, component.Height - 1)) : near;
        if (!component.InterpolatesX)
        {
            Down(near + left, far + left, isUpper ? 1 : 2, line, right - left);
            return line;
        }
        // From the sample before the first pixel's sample to the one after the last pixel's, within the component.
        int first = left >> 1, last = (right - 1) >> 1;
        int begin = Math.Max(0, first - 1), end = Math.Min(component.Width - 1, last + 1);
        ushort* origin = sums - first;
        Sum(near + begin, far + begin, component.InterpolatesY, origin + begin, end - begin + 1);
        if (first == 0) origin[-1] = origin[0];
        if (last == component.Width - 1) origin[last + 1] = origin[last];
        // Two rows give 16 parts of a sample, one gives 4. Halves are rounded up and down in turn, so that rounding has no bias on average.
        if (component.InterpolatesY) Across(sums, last - first + 1, 4, 8, 7, line);
        else Across(sums, last - first + 1, 2, 1, 2, line);
        return line + (left & 1);
    }

    /// <summary>Computes (3 · near + far + bias) / 4.</summary>
    private static void Down(byte* near, byte* far, int bias, byte* target, int count)
    {
        Vector128<ushort> biases = Vector128.Create((ushort)bias);
        for (int i = 0; i < count; i += 16)
        {
            (Vector128<ushort> n0, Vector128<ushort> n1) = Vector128.Widen(Vector128.Load(near + i));
            (Vector128<ushort> f0, Vector128<ushort> f1) = Vector128.Widen(Vector128.Load(far + i));
            Vector128.Narrow((n0 * 3 + f0 + biases) >> 2, (n1 * 3 + f1 + biases) >> 2).Store(target + i);
        }
    }

    /// <summary>Computes 3 · near + far, or takes near alone, in 16 bits.</summary>
    private static void Sum(byte* near, byte* far, bool isOfTwo, ushort* target, int count)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            for (int i = 0; i < count; i += 16)
            {
                Vector256<ushort> n = Widened(near + i);
                (isOfTwo ? n * 3 + Widened(far + i) : n).Store(target + i);
            }
            return;
        }
        for (int i = 0; i < count; i += 8)
        {
            Vector128<ushort> n = Vector128.WidenLower(Vector64.Load(near + i).ToVector128Unsafe());
            (isOfTwo ? n * 3 + Vector128.WidenLower(Vector64.Load(far + i).ToVector128Unsafe()) : n).Store(target + i);
        }
    }

    private static Vector256<ushort> Widened(byte* sixteen) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int16(sixteen).AsUInt16()
        : Vector256.WidenLower(Vector128.Load(sixteen).ToVector256Unsafe());

    /// <summary>Computes two pixels per sum, on its left and right: (3 · sum + neighbor + bias) >> shift.</summary>
    private static void Across(ushort* sums, int count, int shift, ushort leftBias, ushort rightBias, byte* target)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<ushort> left = Vector256.Create(leftBias), right = Vector256.Create(rightBias);
            for (int i = 0; i < count; i += 16)
            {
                Vector256<ushort> own = Vector256.Load(sums + i) * 3;
                Vector256<ushort> before = (own + Vector256.Load(sums + i - 1) + left) >>> shift;
                Vector256<ushort> behind = (own + Vector256.Load(sums + i + 1) + right) >>> shift;
                (before | behind << 8).Store((ushort*)(target + 2 * i));
            }
            return;
        }
        Vector128<ushort> leftHalf = Vector128.Create(leftBias), rightHalf = Vector128.Create(rightBias);
        for (int i = 0; i < count; i += 8)
        {
            Vector128<ushort> own = Vector128.Load(sums + i) * 3;
            Vector128<ushort> before = (own + Vector128.Load(sums + i - 1) + leftHalf) >>> shift;
            Vector128<ushort> behind = (own + Vector128.Load(sums + i + 1) + rightHalf) >>> shift;
            (before | behind << 8).Store((ushort*)(target + 2 * i));
        }
    }
}
