#pragma OPENCL EXTENSION cl_khr_fp64 : enable
static inline float gcnn_max(float x, float y)
{
    return x != x ? x : y != y ? y : fmax(x, y);
}

static inline float gcnn_min(float x, float y)
{
    return x != x ? x : y != y ? y : fmin(x, y);
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void AllFunctions(
    __global float* y_base,
    long y_offset,
    __global double* wide_base,
    long wide_offset,
    __global int* whole_base,
    long whole_offset,
    __global float* vectors_base,
    long vectors_offset,
    float x,
    float z,
    float none,
    double d,
    uint u,
    int i)
{
    __global float* restrict y = y_base + y_offset;
    __global double* restrict wide = wide_base + wide_offset;
    __global int* restrict whole = whole_base + whole_offset;
    __global float* restrict vectors = vectors_base + vectors_offset;
    y[0] = fabs(-x);
    y[1] = sqrt(x);
    y[2] = rsqrt(x);
    y[3] = cbrt(x);
    y[4] = exp(x);
    y[5] = exp2(x);
    y[6] = log(x);
    y[7] = log2(x);
    y[8] = log10(x);
    y[9] = pow(x, z);
    y[10] = sin(x);
    y[11] = cos(x);
    y[12] = tan(x);
    y[13] = asin(x / 2.0f);
    y[14] = acos(x / 2.0f);
    y[15] = atan(x);
    y[16] = atan2(x, z);
    y[17] = sinh(x);
    y[18] = cosh(x);
    y[19] = tanh(x);
    y[20] = floor(-x);
    y[21] = ceil(-x);
    y[22] = trunc(-x);
    y[23] = rint(x + 1.20000005f);
    y[24] = copysign(x, -z);
    y[25] = fma(x, z, 1.0f);
    y[26] = gcnn_max(x, z);
    y[27] = gcnn_min(x, z);
    y[28] = fmax(none, z);
    y[29] = fmin(x, none);
    y[30] = (isnan(gcnn_max(none, x)) != 0) ? 1.0f : 0.0f;
    y[31] = (isnan(gcnn_min(x, none)) != 0) ? 1.0f : 0.0f;
    y[32] = (isinf(x / 0.0f) != 0) && !(isfinite(x / 0.0f) != 0) && (isfinite(x) != 0) ? 1.0f : 0.0f;
    y[33] = as_float(as_uint(x) + 1u);
    wide[0] = fabs(-d);
    wide[1] = sqrt(d);
    wide[2] = exp(d);
    wide[3] = log(d);
    wide[4] = fma(d, d, 0.10000000000000001);
    wide[5] = fmod(d, 0.69999999999999996);
    whole[0] = max(i, -3) + min(i, -3);
    whole[1] = (int)(max(u, 3u) - min(u, 3u));
    whole[2] = (int)(max((long)i, 7L) - min((long)i, 7L));
    whole[3] = (int)mul_hi(u, 2654435769u);
    whole[4] = (int)popcount(u) * 100 + (int)clz(u);
    float4 four = *(const __global float4*)&vectors[0] * *(const __global float4*)&vectors[4] + (float4)(x, z, 1.0f, 2.0f) - *(const __global float4*)&vectors[4] * z;
    four.y = 9.0f;
    float2 two = *(const __global float2*)&vectors[2] * 2.0f + (float2)(x, z) * *(const __global float2*)&vectors[0] - (float2)(0.0f, 0.0f);
    *(__global float4*)&vectors[8] = four;
    *(__global float2*)&vectors[12] = two;
}
