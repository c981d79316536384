typedef struct
{
    float Scale;
    float Shift;
} Affine;

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void OffsetNames(
    __global const float* x_base_,
    long x_offset_,
    __global const uchar* half_base,
    long half_offset,
    __global float* y_base,
    long y_offset,
    Affine affine,
    int x_offset,
    int n)
{
    __global const float* restrict x = x_base_ + x_offset_;
    __global const uchar* restrict half_ = half_base + half_offset;
    __global float* restrict y = y_base + y_offset;
    int i = (int)get_global_id(0);
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
