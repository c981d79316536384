extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) FastSigmoid(
    const float* __restrict__ x,
    float* __restrict__ y,
    int n)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    if (i < n)
        y[i] = __fdividef(1.0f, 1.0f + __expf(-x[i])) + (float)__dp4a(16909060, i, 0);
}
