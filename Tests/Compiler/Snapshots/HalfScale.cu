static __device__ __forceinline__ float gcnn_from_float16(unsigned short x)
{
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
}

static __device__ __forceinline__ unsigned short gcnn_to_float16(float x)
{
    unsigned short y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}

static __device__ __forceinline__ unsigned short gcnn_to_bfloat16(float x)
{
    unsigned int u = (unsigned int)__float_as_int(x);
    return x != x ? (unsigned short)(u >> 16 | 0x40u) : (unsigned short)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) HalfScale(
    const unsigned short* __restrict__ half_,
    const unsigned short* __restrict__ brain,
    unsigned short* __restrict__ halfOut,
    unsigned short* __restrict__ brainOut,
    float* __restrict__ sum,
    float scale,
    int count)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    if (i >= count)
        return;
    float a = gcnn_from_float16(half_[i]);
    float b = __int_as_float((int)((unsigned int)(brain[i]) << 16));
    halfOut[i] = gcnn_to_float16(a * scale);
    brainOut[i] = gcnn_to_bfloat16(b * scale);
    sum[i] = a + __int_as_float((int)((unsigned int)(brain[i]) << 16));
}
