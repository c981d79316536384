__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void Histogram(
    __global const uint* values_base,
    long values_offset,
    __global int* counts_base,
    long counts_offset,
    __global uint* extremes_base,
    long extremes_offset,
    __global int* order_base,
    long order_offset,
    int count)
{
    __global const uint* restrict values = values_base + values_offset;
    __global int* restrict counts = counts_base + counts_offset;
    __global uint* restrict extremes = extremes_base + extremes_offset;
    __global int* restrict order = order_base + order_offset;
    __local int own[SPEC_bins] __attribute__((aligned(16)));
    for (int i = (int)get_local_id(0); i < SPEC_bins; i += GROUP_SIZE_X)
        own[i] = 0;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    int at = (int)get_global_id(0);
    if (at < count)
    {
        uint value = values[at];
        atomic_add(&own[(int)(value % (uint)SPEC_bins)], 1);
        atomic_min(&extremes[0], value);
        atomic_max(&extremes[1], value);
        atomic_xor(&extremes[2], value);
        atomic_or(&extremes[3], value);
        atomic_and(&extremes[4], value);
        int seen = atomic_cmpxchg(&order[0], -1, at);
        if (seen == -1)
            atomic_xchg(&order[1], at + 1);
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (int i = (int)get_local_id(0); i < SPEC_bins; i += GROUP_SIZE_X)
    {
        int had = own[i];
        if (had > 0)
            atomic_add(&counts[i], had);
    }
}
