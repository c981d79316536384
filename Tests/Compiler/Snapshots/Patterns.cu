static __device__ __forceinline__ int Patterns_Turned_shared(int value, int* scratch, int by)
{
    __syncthreads();
    return scratch[((int)threadIdx.x + by) % GROUP_SIZE_X] + value * 100;
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) Patterns(
    const int* __restrict__ x,
    int* __restrict__ y,
    int n)
{
    __shared__ __align__(16) int scratch[GROUP_SIZE_X];
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    int v = x[i];
    scratch[(int)threadIdx.x] = v;
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
