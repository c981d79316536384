using ILGPU;

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

    private static float PowerOfTwo(int exponent) => Interop.IntAsFloat((uint)(exponent + 127) << 23);

    private static bool IsNaN(float x) => (Interop.FloatAsInt(x) & 0x7FFFFFFF) > 0x7F800000;
}
