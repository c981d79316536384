static __device__ __forceinline__ float gcnn_max(float x, float y)
{
    return x != x ? x : y != y ? y : fmaxf(x, y);
}

static __device__ __forceinline__ float Sum_Combine(float a, float b)
{
    return a + b;
}

static __device__ __forceinline__ float Reductions_Reduce_Sum_shared(float* scratch, float value)
{
    int thread = (int)threadIdx.x;
    scratch[thread] = value;
    __syncthreads();
    for (int half_ = GROUP_SIZE_X / 2; half_ > 0; half_ /= 2)
    {
        if (thread < half_)
            scratch[thread] = Sum_Combine(scratch[thread], scratch[thread + half_]);
        __syncthreads();
    }
    return scratch[0];
}

static __device__ __forceinline__ float Largest_Combine(float a, float b)
{
    return gcnn_max(a, b);
}

static __device__ __forceinline__ float Reductions_Reduce_Largest_shared(float* scratch, float value)
{
    int thread = (int)threadIdx.x;
    scratch[thread] = value;
    __syncthreads();
    for (int half_ = GROUP_SIZE_X / 2; half_ > 0; half_ /= 2)
    {
        if (thread < half_)
            scratch[thread] = Largest_Combine(scratch[thread], scratch[thread + half_]);
        __syncthreads();
    }
    return scratch[0];
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) RowSum(
    const float* __restrict__ x,
    float* __restrict__ sums,
    float* __restrict__ largest,
    int width)
{
    __shared__ __align__(16) float scratch[GROUP_SIZE_X];
    const float* row = x + (int)blockIdx.x * width;
    float sum = 0.0f;
    float most = __int_as_float(0xff800000);
    for (int i = (int)threadIdx.x; i < width; i += GROUP_SIZE_X)
    {
        sum += row[i];
        most = gcnn_max(most, row[i]);
    }
    float total = Reductions_Reduce_Sum_shared(scratch, sum);
    __syncthreads();
    most = Reductions_Reduce_Largest_shared(scratch, most);
    if ((int)threadIdx.x == 0)
    {
        sums[(int)blockIdx.x] = total;
        largest[(int)blockIdx.x] = most;
    }
}
