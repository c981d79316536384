static inline int Patterns_Turned_shared(int value, __local int* scratch, int by)
{
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    return scratch[((int)get_local_id(0) + by) % GROUP_SIZE_X] + value * 100;
}

__kernel __attribute__((reqd_work_group_size(GROUP_SIZE_X, GROUP_SIZE_Y, GROUP_SIZE_Z))) void Patterns(
    __global const int* x_base,
    long x_offset,
    __global int* y_base,
    long y_offset,
    int n)
{
    __global const int* restrict x = x_base + x_offset;
    __global int* restrict y = y_base + y_offset;
    __local int scratch[GROUP_SIZE_X] __attribute__((aligned(16)));
    int i = (int)get_global_id(0);
    int v = x[i];
    scratch[(int)get_local_id(0)] = v;
    y[i] = (v >= 3 && v < 7) || v == 12 ? 1 : !(v == 0 || v > 20) ? 2 : x[i] > 30 ? 3 : 4;
    y[n + i] = v < 0 ? -1 : v == 0 || v == 1 ? 10 : v > 5 && !(v == 8) && SPEC_band == 2 ? 20 : v % 2 == 0 && SPEC_band != 0 ? 30 : v == 9 ? 40 : 50;
    int sum = 0;
    for (int k = 0; k < 4; k++)
    {
        int T0 = x[i] + k;
        switch (T0 > 10 && SPEC_band == 1 ? 1 : T0 == 3 || T0 < 2 ? 2 : T0 == 5 || T0 == 6 ? 3 : 0)
        {
            default:
            {
                sum += 1000;
                break;
            }
            case 1:
            {
                sum += 100;
                continue;
            }
            case 2:
            {
                if (k == 2)
                    break;
                sum += 10;
                break;
            }
            case 3:
            {
                sum += 1;
                continue;
            }
        }
        sum++;
    }
    y[2 * n + i] = sum;
    int before = Patterns_Turned_shared(v, scratch, 1);
    y[3 * n + i] = before;
    switch (v > 4 ? 0 : 1)
    {
        case 0:
        {
            y[4 * n + i] = 1;
            break;
        }
    }
}
