using System.Numerics;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Arithmetic in which C differs from C#, or is undefined.</summary>
[Kernel(1)]
public readonly partial struct OddArithmetic(View<int> o, View<float> f, View<long> l, uint u, int i, byte b, long big, float x, double d)
{
    private const float Third = 1f / 3;

    public void Execute()
    {
        // Mixed signs are compared and divided as long.
        o[0] = i < u ? 1 : 0;
        o[1] = (int)((i + u) / 3);
        byte small = b;
        small += 200;
        o[2] = small;
        small++;
        small *= 3;
        o[3] = small;
        o[4] = i >>> 28;
        o[5] = 1 << (i & 0x3f | 33);
        o[6] = 1 << 35;
        Half(o, -i);
        o[8] = (int)(-u);
        o[9] = i / 3 + i % 3;
        o[10] = (sbyte)i + (ushort)i;
        o[11] = (int)(big >> 3);
        int shifted = i;
        shifted >>= b;
        shifted <<= 34;
        shifted >>>= 3;
        o[12] = shifted;
        o[13] = (int)Mix((uint)i);
        o[14] = - -i;
        o[15] = ~i ^ i & 12 | 3;
        bool flag = i < 0;
        flag |= x > 2;
        flag ^= true;
        o[16] = flag ? 7 : 8;
        o[17] = (int)u;
        o[18] = int.MinValue;
        short narrow = (short)(i * 70000);
        o[19] = narrow;
        o[20] = (int)((uint)i >> 4) - (1 - (2 - 3));

        // Conversions to integers round towards zero, saturate, and turn NaN into 0.
        float huge = x * 1e20f, none = huge * float.NaN, tiny = -huge;
        o[21] = (int)huge;
        o[22] = (int)tiny;
        o[23] = (int)none;
        o[24] = (int)((uint)huge >> 1);
        o[25] = (int)((uint)tiny >> 1);
        o[26] = (int)(x * 300) & 0xFF;
        o[27] = (int)(x * -300) << 24 >> 24;
        o[28] = (int)huge << 16 >> 16;
        o[29] = (int)tiny & 0xFFFF;
        o[30] = (int)(d * 1e10);
        o[31] = (int)(d * double.NaN);
        o[32] = (int)((uint)(d * -3) >> 1);
        l[0] = (long)huge;
        l[1] = (long)none;
        l[2] = (long)((ulong)huge >> 1);
        l[3] = (long)((ulong)tiny >> 1);
        l[4] = (long)(d * 1e30);
        l[5] = (long)(d * double.NaN);
        l[6] = (long)((ulong)(d * -1e30) >> 1);
        l[7] = long.MinValue;
        l[8] = big >>> (i & 127);
        l[9] = big << 70;
        l[10] = u * big;

        f[0] = x % 0.75f;
        f[1] = -x % 0.75f;
        f[2] = i / 3;
        f[3] = x - -1.5f;
        f[4] = Third * u;
        f[5] = big;
        f[6] = (float)(d / 3);
        f[7] = float.PositiveInfinity;
        f[8] = -0.0f;
        f[9] = Bits.ToSingle(Bits.ToInt32(x) & 0x7ff00000);
        f[10] = x - (x - 1 - x);
        f[11] = x / (2 / x);
        f[12] = Total(f, 3) + Twice<int>(i) + Twice<float>(x);
        (f[13], f[14]) = (f[3], f[0]);
        (f[13], f[14]) = (f[14], f[13]);
        var complex = new Complex2(x, 2) * new Complex2(1, i);
        f[15] = complex.Re;
        f[16] = complex.Im;
        Extent extent = new() { Height = 3 };
        f[17] = extent.Height + extent.Width + default(Extent).Tag;
        f[18] = 1e10f;
        f[19] = float.Epsilon;
    }

    private static void Half(View<int> o, int half) => o[7] = half + ünit(2) + Tools.Twice(half);

    private static int ünit(int größe) => größe * 3;

    private static uint Mix(uint x)
    {
        x ^= x >> 16;
        x *= 0x7feb352du;
        x ^= x >> 15;
        x *= 0x846ca68bu;
        return x ^ x >> 16;
    }

    private static T Total<T>(View<T> values, int count) where T : unmanaged, INumber<T>
    {
        T sum = values[0];
        for (int i = 1; i < count; i++) sum += values[i];
        return sum;
    }

    private static T Twice<T>(T value) where T : unmanaged, INumber<T> => value + value;
}

public static class Tools
{
    public static int Twice(int half) => half * 2;
}

public readonly record struct Complex2(float Re, float Im)
{
    public static Complex2 operator *(Complex2 a, Complex2 b) => new(a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re);
}
