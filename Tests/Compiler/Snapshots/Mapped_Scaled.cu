typedef struct
{
    float slope;
    int shift;
} Scaled;

static __device__ __forceinline__ float Scaled_Line(Scaled This, float x)
{
    return This.slope * x;
}

static __device__ __forceinline__ float Scaled_Apply(Scaled This, float x)
{
    return Scaled_Line(This, x) + (float)This.shift;
}

static __device__ __forceinline__ float Mappings_Through_Scaled(float x, Scaled mapping, int rounds)
{
    Scaled own = mapping;
    for (int i = 0; i < rounds; i++)
        x = Scaled_Apply(own, x);
    return x;
}

static __device__ __forceinline__ float Negated_Apply(float x)
{
    return -x;
}

static __device__ __forceinline__ float Twice_Apply(float x)
{
    return Negated_Apply(Negated_Apply(x));
}

static __device__ __forceinline__ float Scaled_Start(void)
{
    return 0.5f;
}

static __device__ __forceinline__ float Negated_Start(void)
{
    return 10.0f;
}

static __device__ __forceinline__ float Twice_Start(void)
{
    return Negated_Start() * 2.0f;
}

static __device__ __forceinline__ float Mapped_Offset(float value)
{
    return value + Scaled_Start() + Twice_Start();
}

static __device__ __forceinline__ float Mapped_Total_shared(float* scratch, float value)
{
    scratch[(int)threadIdx.x] = value;
    __syncthreads();
    float sum = Scaled_Start();
    for (int k = 0; k < GROUP_SIZE_X; k++)
        sum += scratch[k];
    return sum;
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) Mapped_Scaled(
    const float* __restrict__ x,
    float* __restrict__ y,
    float* __restrict__ sums,
    Scaled mapping,
    int rounds)
{
    __shared__ __align__(16) float scratch[GROUP_SIZE_X];
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    float value = Mappings_Through_Scaled(x[i], mapping, rounds) + Twice_Apply(x[i]);
    y[i] = Mapped_Offset(value);
    float total = Mapped_Total_shared(scratch, value);
    if ((int)threadIdx.x == 0)
        sums[(int)blockIdx.x] = total;
}
