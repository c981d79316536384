using ILGPU;
using ILGPU.Algorithms;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>
/// Elementary functions from additions, multiplications and bit operations, with errors of a few units in the last place and the same bits
/// on every device. Polynomials from Moshier's Cephes (single precision). Every product that is added to something is written so that it
/// fuses with the sum.
/// </summary>
internal static class PortableMath
{
    // ln 2 in two parts; the first has so few bits that its products with exponents are exact.
    private const float Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

    private const float Pi = 3.14159265f, HalfPi = 1.57079633f;

    /// <summary>Computes e^x, within 2 units in the last place.</summary>
    public static float Exp(float x)
    {
        float scaled = x * 1.44269504f;
        int exponent = (int)(scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
        float n = exponent, rest = n * -Ln2High + x;
        rest = n * -Ln2Low + rest;
        float sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
        sum = sum * rest + 8.3334519073e-3f;
        sum = sum * rest + 4.1665795894e-2f;
        sum = sum * rest + 1.6666665459e-1f;
        sum = sum * rest + 5.0000001201e-1f;
        float power = sum * (rest * rest) + rest + 1;
        // In two steps: 2^exponent may overflow although the result does not.
        int half = exponent >> 1;
        float value = power * PowerOfTwo(half) * PowerOfTwo(exponent - half);
        if (x > 88.7228394f) value = float.PositiveInfinity;
        if (x < -103.972084f) value = 0;
        return IsNaN(x) ? x : value;
    }

    /// <summary>Computes the natural logarithm, within 2 units in the last place; -infinity for 0, NaN for negative numbers.</summary>
    public static float Log(float x)
    {
        bool isSubnormal = x < 1.17549435e-38f;
        uint bits = Interop.FloatAsInt(isSubnormal ? x * 8388608f : x);
        // Choose the exponent so that the mantissa starts at sqrt(1/2), 0x3F3504F3.
        int exponent = (int)(bits - 0x3F3504F3) >> 23;
        float mantissa = Interop.IntAsFloat(bits - (uint)(exponent << 23)) - 1;
        float n = isSubnormal ? exponent - 23 : exponent, square = mantissa * mantissa;
        float sum = mantissa * 7.0376836292e-2f + -1.1514610310e-1f;
        sum = sum * mantissa + 1.1676998740e-1f;
        sum = sum * mantissa + -1.2420140846e-1f;
        sum = sum * mantissa + 1.4249322787e-1f;
        sum = sum * mantissa + -1.6668057665e-1f;
        sum = sum * mantissa + 2.0000714765e-1f;
        sum = sum * mantissa + -2.4999993993e-1f;
        sum = sum * mantissa + 3.3333331174e-1f;
        float tail = sum * (mantissa * square);
        tail = n * Ln2Low + tail;
        tail = square * -0.5f + tail;
        float value = n * Ln2High + (mantissa + tail);
        if (x == 0) value = float.NegativeInfinity;
        if (x < 0) value = float.NaN;
        if (x > 3.4028235e38f) value = x;
        return IsNaN(x) ? x : value;
    }

    /// <summary>Computes e^x, within 2 units in the last place.</summary>
    public static double Exp(double x)
    {
        double scaled = x * 1.4426950408889634;
        double bounded = scaled > 1100 ? 1100 : scaled < -1100 ? -1100 : scaled;
        int exponent = (int)(bounded < 0 ? bounded - 0.5 : bounded + 0.5);
        double n = exponent, rest = n * -0.693147180369123816 + x;
        rest = n * -1.90821492927058770e-10 + rest;
        // Taylor's series: the rest is at most ln 2 / 2.
        double sum = rest * (1.0 / 6227020800) + 1.0 / 479001600;
        sum = sum * rest + 1.0 / 39916800;
        sum = sum * rest + 1.0 / 3628800;
        sum = sum * rest + 1.0 / 362880;
        sum = sum * rest + 1.0 / 40320;
        sum = sum * rest + 1.0 / 5040;
        sum = sum * rest + 1.0 / 720;
        sum = sum * rest + 1.0 / 120;
        sum = sum * rest + 1.0 / 24;
        sum = sum * rest + 1.0 / 6;
        sum = sum * rest + 0.5;
        double power = sum * (rest * rest) + rest + 1;
        int half = exponent >> 1;
        double value = power * DoublePowerOfTwo(half) * DoublePowerOfTwo(exponent - half);
        if (x > 709.782712893384) value = double.PositiveInfinity;
        if (x < -745.1332191019412) value = 0;
        return IsNaN(x) ? x : value;
    }

    /// <summary>Computes the natural logarithm, within 2 units in the last place; -infinity for 0, NaN for negative numbers.</summary>
    public static double Log(double x)
    {
        bool isSubnormal = x < 2.2250738585072014e-308;
        ulong bits = Interop.FloatAsInt(isSubnormal ? x * 18014398509481984.0 : x);
        // Choose the exponent so that the mantissa starts at sqrt(1/2), 0x3FE6A09E667F3BCD.
        int exponent = (int)((long)(bits - 0x3FE6A09E667F3BCD) >> 52);
        double mantissa = Interop.IntAsFloat(bits - ((ulong)(long)exponent << 52));
        double n = isSubnormal ? exponent - 54 : exponent;
        // The series of the inverse hyperbolic tangent: the quotient is at most 0.172.
        double above = mantissa - 1, quotient = above / (mantissa + 1), square = quotient * quotient;
        double sum = square * (2.0 / 23) + 2.0 / 21;
        sum = sum * square + 2.0 / 19;
        sum = sum * square + 2.0 / 17;
        sum = sum * square + 2.0 / 15;
        sum = sum * square + 2.0 / 13;
        sum = sum * square + 2.0 / 11;
        sum = sum * square + 2.0 / 9;
        sum = sum * square + 2.0 / 7;
        sum = sum * square + 2.0 / 5;
        sum = sum * square + 2.0 / 3;
        // log(1 + f) = f - s (f - s^2 sum), as fdlibm arranges it, so that the large part is exact.
        double small = n * 1.90821492927058770e-10 - quotient * (above - square * sum);
        double value = n * 0.693147180369123816 + (above + small);
        if (x == 0) value = double.NegativeInfinity;
        if (x < 0) value = double.NaN;
        if (x > 1.7976931348623157e308) value = x;
        return IsNaN(x) ? x : value;
    }

    /// <summary>Computes x^y for x >= 0. The error grows with the logarithm of the result.</summary>
    public static float Pow(float x, float y) => y == 0 ? 1 : Exp(y * Log(x));

    public static float Tanh(float x)
    {
        float magnitude = IntrinsicMath.Abs(x), square = x * x;
        float series = square * (21844f / 6081075f) + -1382f / 155925f;
        series = series * square + 62f / 2835f;
        series = series * square + -17f / 315f;
        series = series * square + 2f / 15f;
        series = series * square + -1f / 3f;
        float small = series * square * x + x, large = 1 - 2 / (Exp(magnitude + magnitude) + 1);
        return magnitude > 0.35f ? x < 0 ? -large : large : small;
    }

    /// <summary>Computes the sine, within 2 units in the last place up to |x| of 8192; beyond, the error grows with x.</summary>
    public static float Sin(float x)
    {
        int octant = Octant(IntrinsicMath.Abs(x));
        float rest = Rest(IntrinsicMath.Abs(x), octant);
        float value = (octant & 2) == 0 ? SinOf(rest) : CosOf(rest);
        return (octant & 4) == 0 == x >= 0 ? value : -value;
    }

    /// <summary>Computes the cosine, with the error of <see cref="Sin"/>.</summary>
    public static float Cos(float x)
    {
        int octant = Octant(IntrinsicMath.Abs(x));
        float rest = Rest(IntrinsicMath.Abs(x), octant);
        float value = (octant & 2) == 0 ? CosOf(rest) : SinOf(rest);
        return (octant + 2 & 4) == 0 ? value : -value;
    }

    /// <summary>Computes the tangent, within 3 units in the last place up to |x| of 8192; beyond, the error grows with x.</summary>
    public static float Tan(float x)
    {
        int octant = Octant(IntrinsicMath.Abs(x));
        float rest = Rest(IntrinsicMath.Abs(x), octant), square = rest * rest;
        float sum = square * 9.38540185543e-3f + 3.11992232697e-3f;
        sum = sum * square + 2.44301354525e-2f;
        sum = sum * square + 5.34112807005e-2f;
        sum = sum * square + 1.33387994085e-1f;
        sum = sum * square + 3.33331568548e-1f;
        float value = sum * square * rest + rest;
        if ((octant & 2) != 0) value = -1 / value;
        return x < 0 ? -value : value;
    }

    /// <summary>Computes the arc sine, within 3 units in the last place; NaN beyond 1.</summary>
    public static float Asin(float x)
    {
        float magnitude = IntrinsicMath.Abs(x);
        bool isLarge = magnitude > 0.5f;
        float half = 0.5f * (1 - magnitude);
        float value = isLarge ? HalfPi - 2 * AsinOf(XMath.Sqrt(half), half) : AsinOf(magnitude, magnitude * magnitude);
        return x < 0 ? -value : value;
    }

    /// <summary>Computes the arc cosine, within 3 units in the last place; NaN beyond 1.</summary>
    public static float Acos(float x)
    {
        if (x > 0.5f) return 2 * Asin(XMath.Sqrt(0.5f * (1 - x)));
        if (x < -0.5f) return Pi - 2 * Asin(XMath.Sqrt(0.5f * (1 + x)));
        return HalfPi - Asin(x);
    }

    /// <summary>Computes the arc tangent, within 3 units in the last place.</summary>
    public static float Atan(float x)
    {
        float magnitude = IntrinsicMath.Abs(x);
        // tan(3 pi / 8) and tan(pi / 8).
        bool isLarge = magnitude > 2.414213562f, isMiddle = magnitude > 0.414213562f && !isLarge;
        float start = isLarge ? HalfPi : isMiddle ? 0.5f * HalfPi : 0;
        float rest = isLarge ? -1 / magnitude : isMiddle ? (magnitude - 1) / (magnitude + 1) : magnitude, square = rest * rest;
        float sum = square * 8.05374449538e-2f + -1.38776856032e-1f;
        sum = sum * square + 1.99777106478e-1f;
        sum = sum * square + -3.33329491539e-1f;
        float value = start + (sum * square * rest + rest);
        return x < 0 ? -value : value;
    }

    /// <summary>Computes the angle of the point (x, y), within 3 units in the last place; of two infinities, as C# does.</summary>
    public static float Atan2(float y, float x)
    {
        float across = IntrinsicMath.Abs(x), up = IntrinsicMath.Abs(y);
        bool areInfinite = across > 3.4028235e38f && up > 3.4028235e38f;
        float angle = areInfinite ? 0.5f * HalfPi : across == 0 && up == 0 ? 0 : Atan(up / across);
        // The sign of a zero counts.
        if ((Interop.FloatAsInt(x) & 0x80000000) != 0) angle = Pi - angle;
        if (IsNaN(x) || IsNaN(y)) angle = float.NaN;
        return (Interop.FloatAsInt(y) & 0x80000000) != 0 ? -angle : angle;
    }

    /// <summary>The even number of eighths of a turn next to x >= 0.</summary>
    private static int Octant(float x)
    {
        int octant = (int)(x * (2 / HalfPi));
        return octant + (octant & 1);
    }

    /// <summary>What an angle has beyond a number of eighths of a turn, from -pi/4 to pi/4.</summary>
    private static float Rest(float x, int octant)
    {
        // pi / 4 in three parts; products of the first two with small numbers are exact.
        float n = octant;
        float rest = n * -0.78515625f + x;
        rest = n * -2.4187564849853515625e-4f + rest;
        return n * -3.77489497744594108e-8f + rest;
    }

    private static float SinOf(float x)
    {
        float square = x * x;
        float sum = square * -1.9515295891e-4f + 8.3321608736e-3f;
        sum = sum * square + -1.6666654611e-1f;
        return sum * square * x + x;
    }

    private static float CosOf(float x)
    {
        float square = x * x;
        float sum = square * 2.443315711809948e-5f + -1.388731625493765e-3f;
        sum = sum * square + 4.166664568298827e-2f;
        return sum * square * square + (square * -0.5f + 1);
    }

    private static float AsinOf(float x, float square)
    {
        float sum = square * 4.2163199048e-2f + 2.4181311049e-2f;
        sum = sum * square + 4.5470025998e-2f;
        sum = sum * square + 7.4953002686e-2f;
        sum = sum * square + 1.6666752422e-1f;
        return sum * square * x + x;
    }

    private static float PowerOfTwo(int exponent) => Interop.IntAsFloat((uint)(exponent + 127) << 23);

    private static double DoublePowerOfTwo(int exponent) => Interop.IntAsFloat((ulong)(exponent + 1023) << 52);

    private static bool IsNaN(double x) => (Interop.FloatAsInt(x) & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000;

    private static bool IsNaN(float x) => (Interop.FloatAsInt(x) & 0x7FFFFFFF) > 0x7F800000;
}
