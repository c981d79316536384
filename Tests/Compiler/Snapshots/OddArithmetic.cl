#pragma OPENCL EXTENSION cl_khr_fp64 : enable
static inline int gcnn_float_to_int(float x)
{
    return x != x ? 0 : convert_int_sat_rtz(x);
}

static inline uint gcnn_float_to_uint(float x)
{
    return x != x ? 0 : convert_uint_sat_rtz(x);
}

static inline int gcnn_double_to_int(double x)
{
    return x != x ? 0 : convert_int_sat_rtz(x);
}

static inline uint gcnn_double_to_uint(double x)
{
    return x != x ? 0 : convert_uint_sat_rtz(x);
}

static inline long gcnn_float_to_long(float x)
{
    return x != x ? 0 : convert_long_sat_rtz(x);
}

static inline ulong gcnn_float_to_ulong(float x)
{
    return x != x ? 0 : convert_ulong_sat_rtz(x);
}

static inline long gcnn_double_to_long(double x)
{
    return x != x ? 0 : convert_long_sat_rtz(x);
}

static inline ulong gcnn_double_to_ulong(double x)
{
    return x != x ? 0 : convert_ulong_sat_rtz(x);
}

typedef struct
{
    float Item1;
    float Item2;
} Tuple_Single_Single;

typedef struct
{
    float Re;
    float Im;
} Complex2;

typedef struct
{
    uchar Tag;
    int Height;
    int Width;
} Extent;

static inline int OddArithmetic_u00fcnit(int gru00f6u00dfe)
{
    return gru00f6u00dfe * 3;
}

static inline int Tools_Twice(int half_)
{
    return half_ * 2;
}

static inline void OddArithmetic_Half(__global int* o, int half_)
{
    o[7] = half_ + OddArithmetic_u00fcnit(2) + Tools_Twice(half_);
}

static inline uint OddArithmetic_Mix(uint x)
{
    x ^= x >> 16;
    x *= 2146121005u;
    x ^= x >> 15;
    x *= 2221713035u;
    return x ^ (x >> 16);
}

static inline float OddArithmetic_Total_Single(__global float* values, int count)
{
    float sum = values[0];
    for (int i = 1; i < count; i++)
        sum += values[i];
    return sum;
}

static inline int OddArithmetic_Twice_Int32(int value)
{
    return value + value;
}

static inline float OddArithmetic_Twice_Single(float value)
{
    return value + value;
}

static inline Complex2 Complex2_Multiply(Complex2 a, Complex2 b)
{
    return (Complex2){a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re};
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void OddArithmetic(
    __global int* o_base,
    long o_offset,
    __global float* f_base,
    long f_offset,
    __global long* l_base,
    long l_offset,
    uint u,
    int i,
    uchar b,
    long big,
    float x,
    double d)
{
    __global int* restrict o = o_base + o_offset;
    __global float* restrict f = f_base + f_offset;
    __global long* restrict l = l_base + l_offset;
    o[0] = (long)i < (long)u ? 1 : 0;
    o[1] = (int)(((long)i + (long)u) / 3L);
    uchar small = b;
    small = (uchar)((int)small + 200);
    o[2] = (int)small;
    small++;
    small = (uchar)((int)small * 3);
    o[3] = (int)small;
    o[4] = (int)((uint)i >> 28);
    o[5] = 1 << ((i & 63) | 33);
    o[6] = 8;
    OddArithmetic_Half(o, -i);
    o[8] = (int)-(long)u;
    o[9] = i / 3 + i % 3;
    o[10] = (int)(char)i + (int)(ushort)i;
    o[11] = (int)(big >> 3);
    int shifted = i;
    shifted = shifted >> (int)b;
    shifted = shifted << 2;
    shifted = (int)((uint)shifted >> 3);
    o[12] = shifted;
    o[13] = (int)OddArithmetic_Mix((uint)i);
    o[14] = -(-i);
    o[15] = (~i ^ (i & 12)) | 3;
    bool flag = i < 0;
    flag |= x > 2.0f;
    flag ^= true;
    o[16] = flag ? 7 : 8;
    o[17] = (int)u;
    o[18] = -2147483647 - 1;
    short narrow = (short)(i * 70000);
    o[19] = (int)narrow;
    o[20] = (int)((uint)i >> 4) - 2;
    float huge = x * 1.00000002E+20f;
    float none = huge * as_float(0xffc00000);
    float tiny = -huge;
    o[21] = gcnn_float_to_int(huge);
    o[22] = gcnn_float_to_int(tiny);
    o[23] = gcnn_float_to_int(none);
    o[24] = (int)(gcnn_float_to_uint(huge) >> 1);
    o[25] = (int)(gcnn_float_to_uint(tiny) >> 1);
    o[26] = gcnn_float_to_int(x * 300.0f) & 255;
    o[27] = (gcnn_float_to_int(x * -300.0f) << 24) >> 24;
    o[28] = (gcnn_float_to_int(huge) << 16) >> 16;
    o[29] = gcnn_float_to_int(tiny) & 65535;
    o[30] = gcnn_double_to_int(d * 10000000000.0);
    o[31] = gcnn_double_to_int(d * as_double(0xfff8000000000000L));
    o[32] = (int)(gcnn_double_to_uint(d * -3.0) >> 1);
    l[0] = gcnn_float_to_long(huge);
    l[1] = gcnn_float_to_long(none);
    l[2] = (long)(gcnn_float_to_ulong(huge) >> 1);
    l[3] = (long)(gcnn_float_to_ulong(tiny) >> 1);
    l[4] = gcnn_double_to_long(d * 1E+30);
    l[5] = gcnn_double_to_long(d * as_double(0xfff8000000000000L));
    l[6] = (long)(gcnn_double_to_ulong(d * -1E+30) >> 1);
    l[7] = -9223372036854775807L - 1;
    l[8] = (long)((ulong)big >> (i & 127));
    l[9] = big << 6;
    l[10] = (long)u * big;
    f[0] = fmod(x, 0.75f);
    f[1] = fmod(-x, 0.75f);
    f[2] = (float)(i / 3);
    f[3] = x - -1.5f;
    f[4] = 0.333333343f * (float)u;
    f[5] = (float)big;
    f[6] = (float)(d / 3.0);
    f[7] = as_float(0x7f800000);
    f[8] = -0.0f;
    f[9] = as_float(as_int(x) & 2146435072);
    f[10] = x - (x - 1.0f - x);
    f[11] = x / (2.0f / x);
    f[12] = OddArithmetic_Total_Single(f, 3) + (float)OddArithmetic_Twice_Int32(i) + OddArithmetic_Twice_Single(x);
    float T0 = f[3];
    float T1 = f[0];
    f[13] = T0;
    f[14] = T1;
    float T2 = f[14];
    float T3 = f[13];
    f[13] = T2;
    f[14] = T3;
    Complex2 complex = Complex2_Multiply((Complex2){x, 2.0f}, (Complex2){1.0f, (float)i});
    f[15] = complex.Re;
    f[16] = complex.Im;
    Extent extent = (Extent){0, 3, 0};
    f[17] = (float)(extent.Height + extent.Width + (int)(Extent){0}.Tag);
    f[18] = 1E+10f;
    f[19] = 1.40129846E-45f;
}
