extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) Histogram(
    const unsigned int* __restrict__ values,
    int* __restrict__ counts,
    unsigned int* __restrict__ extremes,
    int* __restrict__ order,
    int count)
{
    __shared__ __align__(16) int own[SPEC_bins];
    for (int i = (int)threadIdx.x; i < SPEC_bins; i += GROUP_SIZE_X)
        own[i] = 0;
    __syncthreads();
    int at = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    if (at < count)
    {
        unsigned int value = values[at];
        atomicAdd(&own[(int)(value % (unsigned int)SPEC_bins)], 1);
        atomicMin(&extremes[0], value);
        atomicMax(&extremes[1], value);
        atomicXor(&extremes[2], value);
        atomicOr(&extremes[3], value);
        atomicAnd(&extremes[4], value);
        int seen = atomicCAS(&order[0], -1, at);
        if (seen == -1)
            atomicExch(&order[1], at + 1);
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < SPEC_bins; i += GROUP_SIZE_X)
    {
        int had = own[i];
        if (had > 0)
            atomicAdd(&counts[i], had);
    }
}
