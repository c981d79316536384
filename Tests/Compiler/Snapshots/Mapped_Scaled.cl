typedef struct
{
    float slope;
    int shift;
} Scaled;

static inline float Scaled_Line(Scaled This, float x)
{
    return This.slope * x;
}

static inline float Scaled_Apply(Scaled This, float x)
{
    return Scaled_Line(This, x) + (float)This.shift;
}

static inline float Mappings_Through_Scaled(float x, Scaled mapping, int rounds)
{
    Scaled own = mapping;
    for (int i = 0; i < rounds; i++)
        x = Scaled_Apply(own, x);
    return x;
}

static inline float Negated_Apply(float x)
{
    return -x;
}

static inline float Twice_Apply(float x)
{
    return Negated_Apply(Negated_Apply(x));
}

static inline float Scaled_Start(void)
{
    return 0.5f;
}

static inline float Negated_Start(void)
{
    return 10.0f;
}

static inline float Twice_Start(void)
{
    return Negated_Start() * 2.0f;
}

static inline float Mapped_Offset(float value)
{
    return value + Scaled_Start() + Twice_Start();
}

static inline float Mapped_Total_shared(__local float* scratch, float value)
{
    scratch[(int)get_local_id(0)] = value;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    float sum = Scaled_Start();
    for (int k = 0; k < GROUP_SIZE_X; k++)
        sum += scratch[k];
    return sum;
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void Mapped_Scaled(
    __global const float* x_base,
    long x_offset,
    __global float* y_base,
    long y_offset,
    __global float* sums_base,
    long sums_offset,
    Scaled mapping,
    int rounds)
{
    __global const float* restrict x = x_base + x_offset;
    __global float* restrict y = y_base + y_offset;
    __global float* restrict sums = sums_base + sums_offset;
    __local float scratch[GROUP_SIZE_X] __attribute__((aligned(16)));
    int i = (int)get_global_id(0);
    float value = Mappings_Through_Scaled(x[i], mapping, rounds) + Twice_Apply(x[i]);
    y[i] = Mapped_Offset(value);
    float total = Mapped_Total_shared(scratch, value);
    if ((int)get_local_id(0) == 0)
        sums[(int)get_group_id(0)] = total;
}
