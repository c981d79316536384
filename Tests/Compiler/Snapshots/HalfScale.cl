static inline float gcnn_from_float16(ushort x)
{
    return vload_half(0, (const half*)&x);
}

static inline ushort gcnn_to_float16(float x)
{
    ushort y;
    vstore_half_rte(x, 0, (half*)&y);
    return y;
}

static inline ushort gcnn_to_bfloat16(float x)
{
    uint u = as_uint(x);
    return x != x ? (ushort)(u >> 16 | 0x40u) : (ushort)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void HalfScale(
    __global const ushort* half_base,
    long half_offset,
    __global const ushort* brain_base,
    long brain_offset,
    __global ushort* halfOut_base,
    long halfOut_offset,
    __global ushort* brainOut_base,
    long brainOut_offset,
    __global float* sum_base,
    long sum_offset,
    float scale,
    int count)
{
    __global const ushort* restrict half_ = half_base + half_offset;
    __global const ushort* restrict brain = brain_base + brain_offset;
    __global ushort* restrict halfOut = halfOut_base + halfOut_offset;
    __global ushort* restrict brainOut = brainOut_base + brainOut_offset;
    __global float* restrict sum = sum_base + sum_offset;
    int i = (int)get_global_id(0);
    if (i >= count)
        return;
    float a = gcnn_from_float16(half_[i]);
    float b = as_float((uint)(brain[i]) << 16);
    halfOut[i] = gcnn_to_float16(a * scale);
    brainOut[i] = gcnn_to_bfloat16(b * scale);
    sum[i] = a + as_float((uint)(brain[i]) << 16);
}
