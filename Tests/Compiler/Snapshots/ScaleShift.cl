static inline float ScaleShift_Apply(float x, int curve, float slope)
{
    return curve == 1 ? (x > 0.0f ? x : slope * x) : curve == 5 ? 1.0f / (1.0f + exp(-x)) : x;
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void ScaleShift(
    __global const float* x_base,
    long x_offset,
    __global float* y_base,
    long y_offset,
    float scale,
    float shift,
    int count)
{
    __global const float* restrict x = x_base + x_offset;
    __global float* restrict y = y_base + y_offset;
    int i = (int)get_global_id(0);
    if (i >= count)
        return;
    y[i] = ScaleShift_Apply(scale * x[i] + shift, SPEC_curve, SPEC_slope);
}
