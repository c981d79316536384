using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Loops with known iteration counts, in forms that unrolling can get wrong.</summary>
/// <param name="x">[count]</param>
/// <param name="y">[count][shapes]</param>
[Kernel(64)]
public readonly partial struct Loops([Specialization] int rounds, ReadOnlyView<int> x, View<int> y, int count)
{
    public const int Shapes = 14;

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        int v = x[i], to = i * Shapes;
        y[to] = Plain(v);
        y[to + 1] = Continues(v);
        y[to + 2] = Breaks(v);
        y[to + 3] = Nested(v);
        y[to + 4] = NestedContinue(v);
        y[to + 5] = NestedBreak(v);
        y[to + 6] = Down(v);
        y[to + 7] = Halving(v);
        y[to + 8] = Carried(v);
        y[to + 9] = AfterIt(v);
        y[to + 10] = None(v);
        y[to + 11] = Specialized(v, rounds);
        y[to + 12] = Many(v);
        y[to + 13] = Dependent(v);
    }

    [Unroll]
    private static int Plain(int v)
    {
        int sum = 0;
        for (int k = 0; k < 16; k++) sum += v * k;
        return sum;
    }

    private static int Continues(int v)
    {
        int sum = 0;
        for (int k = 0; k < 8; k++)
        {
            if ((v + k & 1) == 0) continue;
            sum = sum * 3 + k;
            if (sum > 100) continue;
            sum += v;
        }
        return sum;
    }

    private static int Breaks(int v)
    {
        int sum = 0;
        for (int k = 0; k < 8; k++)
        {
            sum += v + k;
            if (sum > 20) break;
        }
        return sum;
    }

    [Unroll]
    private static int Nested(int v)
    {
        int sum = 0;
        for (int k = 0; k < 4; k++)
            for (int j = k; j < 6; j++) sum = sum * 2 + (v ^ j) - k;
        return sum;
    }

    private static int NestedContinue(int v)
    {
        int sum = 1;
        for (int k = 0; k < 4; k++)
        {
            if ((v & k) != 0) continue;
            for (int j = 0; j < 3; j++)
            {
                if ((v + j) % 3 == 1) continue;
                sum = sum * 5 + j + k;
            }
            sum++;
        }
        return sum;
    }

    private static int NestedBreak(int v)
    {
        int sum = 0;
        for (int k = 0; k < 4; k++)
        {
            for (int j = 0; j < 4; j++)
            {
                if (v + j > 2 * k) break;
                sum += 1 + j * k;
            }
            sum = sum * 2 + k;
        }
        return sum;
    }

    [Unroll]
    private static int Down(int v)
    {
        int sum = 0;
        for (int k = 7; k >= 0; k -= 2) sum = sum * 2 + (v >> k);
        return sum;
    }

    [Unroll]
    private static int Halving(int v)
    {
        int sum = v;
        for (int k = 64; k > 0; k >>= 1) sum = sum * 3 + k;
        return sum;
    }

    [Unroll]
    private static int Carried(int v)
    {
        int a = v, b = 1, c = 2;
        for (int k = 0; k < 9; k++)
        {
            int next = a + b;
            a = b;
            b = c;
            c = next ^ k;
        }
        return a * 7 + b * 5 + c;
    }

    private static int AfterIt(int v)
    {
        int k, last = 0;
        for (k = 3; k < 17; k += 4) last = v + k;
        return last * 100 + k;
    }

    [Unroll]
    private static int None(int v)
    {
        int sum = v;
        for (int k = 5; k < 5; k++) sum = -1;
        return sum;
    }

    private static int Specialized(int v, int rounds)
    {
        int sum = 0;
        for (int k = 0; k < rounds; k++) sum = sum * 3 + (v ^ k);
        return sum;
    }

    [Unroll]
    private static int Many(int v)
    {
        int sum = 0;
        for (int k = 0; k < 200; k++) sum = sum * 31 + v + k;
        return sum;
    }

    private static int Dependent(int v)
    {
        int sum = 0;
        for (int k = 0; k < v % 7; k++)
            for (int j = 0; j < 3; j++) sum += k * j + 1;
        return sum;
    }
}

/// <summary>Reads a register whose index is not known at compile time, which ILGPU's devices refuse.</summary>
[Kernel(64)]
public readonly partial struct UnknownRegister(ReadOnlyView<int> x, View<float> y, int count)
{
    public void Execute()
    {
        Registers<float> values = Local.Array<float>(4);
        int i = GlobalId.X;
        if (i >= count) return;
        values[0] = 1;
        values[1] = 2;
        values[2] = 3;
        values[3] = 4;
        y[i] = values[x[i] & 3];
    }
}

/// <summary>Comparisons, minima and maxima with NaN.</summary>
/// <param name="y">[count][<see cref="Answers"/>]</param>
[Kernel(64)]
public readonly partial struct Comparisons(ReadOnlyView<float> a, ReadOnlyView<float> b, View<float> y, int count)
{
    public const int Answers = 12;

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        float p = a[i], q = b[i];
        int to = i * Answers;
        y[to] = p < q ? 1f : 0f;
        y[to + 1] = p <= q ? 1f : 0f;
        y[to + 2] = p == q ? 1f : 0f;
        y[to + 3] = p != q ? 1f : 0f;
        y[to + 4] = p < q ? p : q;
        y[to + 5] = 0;
        if (p > q) y[to + 5] = 1;
        y[to + 6] = 0;
        if (p >= q) y[to + 6] = 1;
        y[to + 7] = KernelMath.Max(p, q);
        y[to + 8] = KernelMath.Min(p, q);
        y[to + 9] = KernelMath.MaxNumber(p, q);
        y[to + 10] = KernelMath.IsNaN(p) ? 1f : 0f;
        y[to + 11] = KernelMath.IsFinite(p) ? 1f : 0f;
    }
}
