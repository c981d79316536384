static inline float gcnn_max(float x, float y)
{
    return x != x ? x : y != y ? y : fmax(x, y);
}

static inline float Sum_Combine(float a, float b)
{
    return a + b;
}

static inline float Reductions_Reduce_Sum_shared(__local float* scratch, float value)
{
    int thread = (int)get_local_id(0);
    scratch[thread] = value;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (int half_ = GROUP_SIZE_X / 2; half_ > 0; half_ /= 2)
    {
        if (thread < half_)
            scratch[thread] = Sum_Combine(scratch[thread], scratch[thread + half_]);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    }
    return scratch[0];
}

static inline float Largest_Combine(float a, float b)
{
    return gcnn_max(a, b);
}

static inline float Reductions_Reduce_Largest_shared(__local float* scratch, float value)
{
    int thread = (int)get_local_id(0);
    scratch[thread] = value;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (int half_ = GROUP_SIZE_X / 2; half_ > 0; half_ /= 2)
    {
        if (thread < half_)
            scratch[thread] = Largest_Combine(scratch[thread], scratch[thread + half_]);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    }
    return scratch[0];
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void RowSum(
    __global const float* x_base,
    long x_offset,
    __global float* sums_base,
    long sums_offset,
    __global float* largest_base,
    long largest_offset,
    int width)
{
    __global const float* restrict x = x_base + x_offset;
    __global float* restrict sums = sums_base + sums_offset;
    __global float* restrict largest = largest_base + largest_offset;
    __local float scratch[GROUP_SIZE_X] __attribute__((aligned(16)));
    __global const float* row = x + (int)get_group_id(0) * width;
    float sum = 0.0f;
    float most = as_float(0xff800000);
    for (int i = (int)get_local_id(0); i < width; i += GROUP_SIZE_X)
    {
        sum += row[i];
        most = gcnn_max(most, row[i]);
    }
    float total = Reductions_Reduce_Sum_shared(scratch, sum);
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    most = Reductions_Reduce_Largest_shared(scratch, most);
    if ((int)get_local_id(0) == 0)
    {
        sums[(int)get_group_id(0)] = total;
        largest[(int)get_group_id(0)] = most;
    }
}
