__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void UpperHalves(
    __global const float* x_base,
    long x_offset,
    __global float* y_base,
    long y_offset,
    int count)
{
    __global const float* restrict x = x_base + x_offset;
    __global float* restrict y = y_base + y_offset;
    int i = (int)get_global_id(0);
    if (i < count)
        ((__global ushort*)y)[i] = (ushort)(as_uint(x[i]) >> 16);
}
