using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

public enum Band
{
    Low,
    Middle,
    High,
}

/// <summary>Patterns in expressions and in switches; each one gives a number of the output.</summary>
[Kernel(16)]
public readonly partial struct Patterns([Specialization] Band band, ReadOnlyView<int> x, View<int> y, int n)
{
    public void Execute()
    {
        View<int> scratch = Shared.Array<int>(GroupSize.X);
        int i = GlobalId.X, v = x[i];
        scratch[ThreadId.X] = v;
        y[i] = v is >= 3 and < 7 or 12 ? 1 : v is not (0 or > 20) ? 2 : x[i] is > 30 ? 3 : 4;
        y[n + i] = v switch
        {
            < 0 => -1,
            0 or 1 => 10,
            > 5 and not 8 when band is Band.High => 20,
            _ when v % 2 == 0 && band != Band.Low => 30,
            9 => 40,
            _ => 50,
        };
        int sum = 0;
        for (int k = 0; k < 4; k++)
        {
            switch (x[i] + k)
            {
                default:
                    sum += 1000;
                    break;
                case > 10 when band == Band.Middle:
                    sum += 100;
                    continue;
                case 3:
                case < 2:
                    if (k == 2) break;
                    sum += 10;
                    break;
                case 5 or 6:
                    sum += 1;
                    continue;
            }
            sum++;
        }
        y[2 * n + i] = sum;
        int before = Turned(in v, by: 1, scratch: scratch);
        y[3 * n + i] = before;
        switch (v)
        {
            case > 4:
                y[4 * n + i] = 1;
                break;
        }
    }

    private static int Turned(in int value, View<int> scratch, in int by)
    {
        Group.Barrier();
        return scratch[(ThreadId.X + by) % GroupSize.X] + value * 100;
    }
}
