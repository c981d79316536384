static __device__ __forceinline__ void TiledGemm_AccumulateRow_local(float* sums, float a, float4 b)
{
    sums[0] = fmaf(a, b.x, sums[0]);
    sums[1] = fmaf(a, b.y, sums[1]);
    sums[2] = fmaf(a, b.z, sums[2]);
    sums[3] = fmaf(a, b.w, sums[3]);
}

static __device__ __forceinline__ void TiledGemm_Accumulate_local(float* sums, float4 a, float4 b)
{
    TiledGemm_AccumulateRow_local(sums + 0, a.x, b);
    TiledGemm_AccumulateRow_local(sums + 4, a.y, b);
    TiledGemm_AccumulateRow_local(sums + 8, a.z, b);
    TiledGemm_AccumulateRow_local(sums + 12, a.w, b);
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) TiledGemm(
    const float* __restrict__ a,
    const float* __restrict__ b,
    float* __restrict__ c,
    int n,
    int k)
{
    __shared__ __align__(16) float tileA[SPEC_depth * SPEC_tile];
    __shared__ __align__(16) float tileB[SPEC_depth * SPEC_tile];
    __align__(16) float sums[16];
    int threads = GROUP_SIZE_X * GROUP_SIZE_Y;
    int thread = (int)threadIdx.y * GROUP_SIZE_X + (int)threadIdx.x;
    int row = (int)blockIdx.y * SPEC_tile;
    int column = (int)blockIdx.x * SPEC_tile;
    #pragma unroll
    for (int i = 0; i < 16; i++)
        sums[i] = 0.0f;
    for (int start = 0; start < k; start += SPEC_depth)
    {
        for (int at = thread * 4; at < SPEC_depth * SPEC_tile; at += threads * 4)
        {
            float4 values = *(const float4*)&a[(row + at / SPEC_depth) * k + start + at % SPEC_depth];
            int to = at % SPEC_depth * SPEC_tile + at / SPEC_depth;
            tileA[to] = values.x;
            tileA[to + SPEC_tile] = values.y;
            tileA[to + 2 * SPEC_tile] = values.z;
            tileA[to + 3 * SPEC_tile] = values.w;
            *(float4*)&tileB[at] = *(const float4*)&b[(start + at / SPEC_tile) * n + column + at % SPEC_tile];
        }
        __syncthreads();
        #pragma unroll
        for (int i = 0; i < SPEC_depth; i++)
            TiledGemm_Accumulate_local(sums, *(const float4*)&tileA[i * SPEC_tile + (int)threadIdx.y * 4], *(const float4*)&tileB[i * SPEC_tile + (int)threadIdx.x * 4]);
        __syncthreads();
    }
    #pragma unroll
    for (int i = 0; i < 4; i++)
    {
        int to = (row + (int)threadIdx.y * 4 + i) * n + column + (int)threadIdx.x * 4;
        *(float4*)&c[to] = make_float4(sums[4 * i], sums[4 * i + 1], sums[4 * i + 2], sums[4 * i + 3]);
    }
}
