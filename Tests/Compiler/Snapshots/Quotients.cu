static __device__ __forceinline__ int gcnn_divide(int value, unsigned int multiplier, int shift)
{
    return (int)(__umulhi((unsigned int)value << 1, multiplier) >> shift);
}

static __device__ __forceinline__ int gcnn_remainder(int value, unsigned int multiplier, int shift, int divisor)
{
    return value - divisor * (int)(__umulhi((unsigned int)value << 1, multiplier) >> shift);
}

typedef struct
{
    unsigned int Multiplier;
    int Shift;
    int Value;
} Divisor;

typedef struct
{
    Divisor Columns;
    int Rows;
} Table;

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) Quotients(
    Table table,
    const Divisor* __restrict__ divisors,
    const int* __restrict__ values,
    int* __restrict__ quotients,
    int* __restrict__ remainders)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    int row = gcnn_divide(i, table.Columns.Multiplier, table.Columns.Shift);
    int column = gcnn_remainder(i, table.Columns.Multiplier, table.Columns.Shift, table.Columns.Value);
    if (row >= table.Rows)
        return;
    Divisor divisor = divisors[column];
    quotients[i] = gcnn_divide(values[row], divisor.Multiplier, divisor.Shift);
    remainders[i] = gcnn_remainder(values[row] - divisor.Value + divisor.Value, divisors[column].Multiplier, divisors[column].Shift, divisors[column].Value);
}
