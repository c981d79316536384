typedef struct
{
    int from;
    int length_;
} Stretch;

typedef struct
{
    int First;
    int Second;
} Pair_Int32;

typedef struct
{
    int Item1;
    int Item2;
} Tuple_Int32_Int32;

typedef struct
{
    int Rows;
    int Columns;
} Grid;

static inline Tuple_Int32_Int32 ControlFlow_Sorted(int first, int second)
{
    return first < second ? (Tuple_Int32_Int32){first, second} : (Tuple_Int32_Int32){second, first};
}

static inline int ControlFlow_Bump(__global int* y, int at, int by)
{
    y[at] += by;
    return y[at];
}

static inline float Linear_Of(float x, int i)
{
    return x * (float)i;
}

static inline float ControlFlow_Weighted_Linear(__global const int* x, int n)
{
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += Linear_Of(0.25f, x[i]);
    return sum;
}

static inline float Power_Of(float x, int i)
{
    return Linear_Of(x, i) * x;
}

static inline float ControlFlow_Weighted_Power(__global const int* x, int n)
{
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += Power_Of(0.25f, x[i]);
    return sum;
}

static inline float Power_Of_2(float x, int i)
{
    return Power_Of(x, i) * x;
}

static inline float ControlFlow_Weighted_Power_2(__global const int* x, int n)
{
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += Power_Of_2(0.25f, x[i]);
    return sum;
}

static inline int ControlFlow_First(__global const int* x, int n, int value)
{
    for (int i = 0; i < n; i++)
    {
        if (x[i] == value)
            return i;
    }
    return -1;
}

static inline int Grid_Margin(void)
{
    return 1;
}

static inline int Grid_Clamp(Grid This, int column)
{
    if (column < This.Columns)
        return column;
    return This.Columns - Grid_Margin();
}

static inline int Grid_Index(Grid This, int row, int column)
{
    return row * This.Columns + Grid_Clamp(This, column);
}

static inline int Grid_Count(Grid This)
{
    return This.Rows * This.Columns;
}

static inline int Pair_Other(Pair_Int32 This, bool first)
{
    return first ? This.First : This.Second;
}

static inline int Stretch_End(Stretch This)
{
    return This.from + This.length_;
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void ControlFlow(
    __global const int* x_base,
    long x_offset,
    __global int* y_base,
    long y_offset,
    __global float* z_base,
    long z_offset,
    Stretch stretch,
    int n)
{
    __global const int* restrict x = x_base + x_offset;
    __global int* restrict y = y_base + y_offset;
    __global float* restrict z = z_base + z_offset;
    int i = (int)get_global_id(0);
    if (i >= n)
        return;
    int sum = 0;
    int k = n;
    while (k > 0)
    {
        k -= 2;
        if (k == 5)
            continue;
        switch (x[k < 0 ? 0 : k] % 3)
        {
            case 0:
            {
                sum += 100;
                break;
            }
            case 1:
            case 2:
            {
                if (sum > 1000)
                    break;
                sum++;
                continue;
            }
            default:
            {
                sum--;
                break;
            }
        }
        sum += SPEC_reversed ? 3 : -3;
    }
    y[0 * n + i] = sum;
    Pair_Int32 pair = (Pair_Int32){i, 2};
    pair.First += pair.Second;
    pair.Second = pair.First * 2;
    Tuple_Int32_Int32 T0 = ControlFlow_Sorted(x[i], pair.Second);
    int low = T0.Item1;
    int high = T0.Item2;
    int T1 = high;
    int T2 = low;
    low = T1;
    high = T2;
    y[1 * n + i] = low - high;
    long wide = (long)i;
    for (uint round_ = 0u; round_ < SPEC_limit; round_++)
        wide = wide * 31L + (long)round_;
    y[2 * n + i] = (int)(wide % 1000003L);
    ulong bits = 18446744073709551615uL >> i;
    bits ^= (ulong)wide << 3;
    y[3 * n + i] = (int)(bits & 65535uL) + (bits > 5uL ? 1 : 0);
    __global int* own = y + 4 * n;
    __global int* row = own + i;
    row[0] = -1;
    if (i == 0)
        row[0] = 1;
    else if (i == 1)
        row[0] = 2;
    else
        row[0] = 3;
    bool even = i % 2 == 0;
    bool big = (i > 3 && !even) || i == 7;
    even &= big ^ true;
    y[5 * n + i] = even ? (big ? 1 : 2) : big ? 3 : 4;
    for (int a = 0, b = 10; a < b; a++, b -= 2)
        y[5 * n + i] += a * b;
    ControlFlow_Bump(y, 6 * n + i, 5);
    z[i] = ControlFlow_Weighted_Linear(x, n) + ControlFlow_Weighted_Power(x, n) + ControlFlow_Weighted_Power_2(x, n);
    int found = ControlFlow_First(x, n, x[i]);
    y[7 * n + i] = found;
    Grid grid = (Grid){n, 4};
    y[8 * n + i] = Grid_Index(grid, i, i) + Grid_Count(grid) + Pair_Other(pair, i > 3) + Stretch_End(stretch) + Stretch_End((Stretch){i, 3});
}
