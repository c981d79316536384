static inline void TiledGemm_AccumulateRow_local(float* sums, float a, float4 b)
{
    sums[0] = fma(a, b.x, sums[0]);
    sums[1] = fma(a, b.y, sums[1]);
    sums[2] = fma(a, b.z, sums[2]);
    sums[3] = fma(a, b.w, sums[3]);
}

static inline void TiledGemm_Accumulate_local(float* sums, float4 a, float4 b)
{
    TiledGemm_AccumulateRow_local(sums + 0, a.x, b);
    TiledGemm_AccumulateRow_local(sums + 4, a.y, b);
    TiledGemm_AccumulateRow_local(sums + 8, a.z, b);
    TiledGemm_AccumulateRow_local(sums + 12, a.w, b);
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void TiledGemm(
    __global const float* a_base,
    long a_offset,
    __global const float* b_base,
    long b_offset,
    __global float* c_base,
    long c_offset,
    int n,
    int k)
{
    __global const float* restrict a = a_base + a_offset;
    __global const float* restrict b = b_base + b_offset;
    __global float* restrict c = c_base + c_offset;
    __local float tileA[SPEC_depth * SPEC_tile] __attribute__((aligned(16)));
    __local float tileB[SPEC_depth * SPEC_tile] __attribute__((aligned(16)));
    float sums[16] __attribute__((aligned(16)));
    int threads = GROUP_SIZE_X * GROUP_SIZE_Y;
    int thread = (int)get_local_id(1) * GROUP_SIZE_X + (int)get_local_id(0);
    int row = (int)get_group_id(1) * SPEC_tile;
    int column = (int)get_group_id(0) * SPEC_tile;
    #pragma unroll
    for (int i = 0; i < 16; i++)
        sums[i] = 0.0f;
    for (int start = 0; start < k; start += SPEC_depth)
    {
        for (int at = thread * 4; at < SPEC_depth * SPEC_tile; at += threads * 4)
        {
            float4 values = *(const __global float4*)&a[(row + at / SPEC_depth) * k + start + at % SPEC_depth];
            int to = at % SPEC_depth * SPEC_tile + at / SPEC_depth;
            tileA[to] = values.x;
            tileA[to + SPEC_tile] = values.y;
            tileA[to + 2 * SPEC_tile] = values.z;
            tileA[to + 3 * SPEC_tile] = values.w;
            *(__local float4*)&tileB[at] = *(const __global float4*)&b[(start + at / SPEC_tile) * n + column + at % SPEC_tile];
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        #pragma unroll
        for (int i = 0; i < SPEC_depth; i++)
            TiledGemm_Accumulate_local(sums, *(const __local float4*)&tileA[i * SPEC_tile + (int)get_local_id(1) * 4], *(const __local float4*)&tileB[i * SPEC_tile + (int)get_local_id(0) * 4]);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    }
    #pragma unroll
    for (int i = 0; i < 4; i++)
    {
        int to = (row + (int)get_local_id(1) * 4 + i) * n + column + (int)get_local_id(0) * 4;
        *(__global float4*)&c[to] = (float4)(sums[4 * i], sums[4 * i + 1], sums[4 * i + 2], sums[4 * i + 3]);
    }
}
