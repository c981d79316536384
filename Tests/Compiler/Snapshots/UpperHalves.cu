extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) UpperHalves(
    const float* __restrict__ x,
    float* __restrict__ y,
    int count)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    if (i < count)
        ((unsigned short*)y)[i] = (unsigned short)((unsigned int)__float_as_int(x[i]) >> 16);
}
