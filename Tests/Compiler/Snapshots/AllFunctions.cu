static __device__ __forceinline__ float gcnn_max(float x, float y)
{
    return x != x ? x : y != y ? y : fmaxf(x, y);
}

static __device__ __forceinline__ float gcnn_min(float x, float y)
{
    return x != x ? x : y != y ? y : fminf(x, y);
}

static __device__ __forceinline__ bool gcnn_is_nan(float x)
{
    return x != x;
}

static __device__ __forceinline__ bool gcnn_is_infinity(float x)
{
    return (__float_as_int(x) & 0x7fffffff) == 0x7f800000;
}

static __device__ __forceinline__ bool gcnn_is_finite(float x)
{
    return (__float_as_int(x) & 0x7f800000) != 0x7f800000;
}

static __device__ __forceinline__ float4 operator+(float4 a, float4 b)
{
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

static __device__ __forceinline__ float4 operator-(float4 a, float4 b)
{
    return make_float4(a.x - b.x, a.y - b.y, a.z - b.z, a.w - b.w);
}

static __device__ __forceinline__ float4 operator*(float4 a, float4 b)
{
    return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w);
}

static __device__ __forceinline__ float4 operator*(float4 a, float b)
{
    return make_float4(a.x * b, a.y * b, a.z * b, a.w * b);
}

static __device__ __forceinline__ float2 operator+(float2 a, float2 b)
{
    return make_float2(a.x + b.x, a.y + b.y);
}

static __device__ __forceinline__ float2 operator-(float2 a, float2 b)
{
    return make_float2(a.x - b.x, a.y - b.y);
}

static __device__ __forceinline__ float2 operator*(float2 a, float2 b)
{
    return make_float2(a.x * b.x, a.y * b.y);
}

static __device__ __forceinline__ float2 operator*(float2 a, float b)
{
    return make_float2(a.x * b, a.y * b);
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) AllFunctions(
    float* __restrict__ y,
    double* __restrict__ wide,
    int* __restrict__ whole,
    float* __restrict__ vectors,
    float x,
    float z,
    float none,
    double d,
    unsigned int u,
    int i)
{
    y[0] = fabsf(-x);
    y[1] = sqrtf(x);
    y[2] = rsqrtf(x);
    y[3] = cbrtf(x);
    y[4] = expf(x);
    y[5] = exp2f(x);
    y[6] = logf(x);
    y[7] = log2f(x);
    y[8] = log10f(x);
    y[9] = powf(x, z);
    y[10] = sinf(x);
    y[11] = cosf(x);
    y[12] = tanf(x);
    y[13] = asinf(x / 2.0f);
    y[14] = acosf(x / 2.0f);
    y[15] = atanf(x);
    y[16] = atan2f(x, z);
    y[17] = sinhf(x);
    y[18] = coshf(x);
    y[19] = tanhf(x);
    y[20] = floorf(-x);
    y[21] = ceilf(-x);
    y[22] = truncf(-x);
    y[23] = rintf(x + 1.20000005f);
    y[24] = copysignf(x, -z);
    y[25] = fmaf(x, z, 1.0f);
    y[26] = gcnn_max(x, z);
    y[27] = gcnn_min(x, z);
    y[28] = fmaxf(none, z);
    y[29] = fminf(x, none);
    y[30] = gcnn_is_nan(gcnn_max(none, x)) ? 1.0f : 0.0f;
    y[31] = gcnn_is_nan(gcnn_min(x, none)) ? 1.0f : 0.0f;
    y[32] = gcnn_is_infinity(x / 0.0f) && !gcnn_is_finite(x / 0.0f) && gcnn_is_finite(x) ? 1.0f : 0.0f;
    y[33] = __int_as_float((int)((unsigned int)__float_as_int(x) + 1u));
    wide[0] = fabs(-d);
    wide[1] = sqrt(d);
    wide[2] = exp(d);
    wide[3] = log(d);
    wide[4] = fma(d, d, 0.10000000000000001);
    wide[5] = fmod(d, 0.69999999999999996);
    whole[0] = max(i, -3) + min(i, -3);
    whole[1] = (int)(max(u, 3u) - min(u, 3u));
    whole[2] = (int)(max((long long)i, 7LL) - min((long long)i, 7LL));
    whole[3] = (int)__umulhi(u, 2654435769u);
    whole[4] = __popc(u) * 100 + __clz((int)(u));
    float4 four = *(const float4*)&vectors[0] * *(const float4*)&vectors[4] + make_float4(x, z, 1.0f, 2.0f) - *(const float4*)&vectors[4] * z;
    four.y = 9.0f;
    float2 two = *(const float2*)&vectors[2] * 2.0f + make_float2(x, z) * *(const float2*)&vectors[0] - make_float2(0.0f, 0.0f);
    *(float4*)&vectors[8] = four;
    *(float2*)&vectors[12] = two;
}
