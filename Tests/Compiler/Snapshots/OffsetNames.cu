typedef struct
{
    float Scale;
    float Shift;
} Affine;

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) OffsetNames(
    const float* __restrict__ x,
    const unsigned char* __restrict__ half_,
    float* __restrict__ y,
    Affine affine,
    int x_offset,
    int n)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    if (i >= n)
        return;
    float x_base = affine.Scale * x[i] + affine.Shift;
    if (x_offset > 0)
    {
        int half__base = (int)half_[i];
        x_base += (float)half__base;
    }
    y[i] = x_base + (float)x_offset;
}
