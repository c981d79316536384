static inline int gcnn_divide(int value, uint multiplier, int shift)
{
    return (int)(mul_hi((uint)value << 1, multiplier) >> shift);
}

static inline int gcnn_remainder(int value, uint multiplier, int shift, int divisor)
{
    return value - divisor * (int)(mul_hi((uint)value << 1, multiplier) >> shift);
}

typedef struct
{
    uint Multiplier;
    int Shift;
    int Value;
} Divisor;

typedef struct
{
    Divisor Columns;
    int Rows;
} Table;

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void Quotients(
    Table table,
    __global const Divisor* divisors_base,
    long divisors_offset,
    __global const int* values_base,
    long values_offset,
    __global int* quotients_base,
    long quotients_offset,
    __global int* remainders_base,
    long remainders_offset)
{
    __global const Divisor* restrict divisors = divisors_base + divisors_offset;
    __global const int* restrict values = values_base + values_offset;
    __global int* restrict quotients = quotients_base + quotients_offset;
    __global int* restrict remainders = remainders_base + remainders_offset;
    int i = (int)get_global_id(0);
    int row = gcnn_divide(i, table.Columns.Multiplier, table.Columns.Shift);
    int column = gcnn_remainder(i, table.Columns.Multiplier, table.Columns.Shift, table.Columns.Value);
    if (row >= table.Rows)
        return;
    Divisor divisor = divisors[column];
    quotients[i] = gcnn_divide(values[row], divisor.Multiplier, divisor.Shift);
    remainders[i] = gcnn_remainder(values[row] - divisor.Value + divisor.Value, divisors[column].Multiplier, divisors[column].Shift, divisors[column].Value);
}
