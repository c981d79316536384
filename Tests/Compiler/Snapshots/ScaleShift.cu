static __device__ __forceinline__ float ScaleShift_Apply(float x, int curve, float slope)
{
    return curve == 1 ? (x > 0.0f ? x : slope * x) : curve == 5 ? 1.0f / (1.0f + expf(-x)) : x;
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) ScaleShift(
    const float* __restrict__ x,
    float* __restrict__ y,
    float scale,
    float shift,
    int count)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    if (i >= count)
        return;
    y[i] = ScaleShift_Apply(scale * x[i] + shift, SPEC_curve, SPEC_slope);
}
