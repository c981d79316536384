using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

public interface IWeight
{
    static abstract float Of(float x, int i);
}

public readonly struct Linear : IWeight
{
    public static float Of(float x, int i) => x * i;
}

public readonly struct Power<TInner> : IWeight where TInner : struct, IWeight
{
    public static float Of(float x, int i) => TInner.Of(x, i) * x;
}

public struct Pair<T> where T : unmanaged
{
    public T First { get; set; }

    public T Second;

    public readonly T Other(bool first) => first ? First : Second;
}

public readonly struct Stretch(int from, int length)
{
    public int End => from + length;
}

public readonly record struct Grid(int Rows, int Columns)
{
    public int Count => Rows * Columns;

    private static int Margin => 1;

    public int Index(int row, int column) => row * Columns + Clamp(column);

    private int Clamp(int column)
    {
        if (column < Columns) return column;
        return this.Columns - Margin;
    }
}

/// <summary>Statements in the forms that people write; each one gives a number of the output.</summary>
[Kernel(8)]
public readonly partial struct ControlFlow([Specialization] Flag reversed, [Specialization] uint limit, ReadOnlyView<int> x, View<int> y,
    View<float> z, Stretch stretch, int n)
{
    private const int Offset = 3;

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= n) return;
        const int Step = 2;
        int sum = 0, k = n;
        while (k > 0)
        {
            k -= Step;
            if (k == 5) continue;
            switch (x[k < 0 ? 0 : k] % 3)
            {
                case 0:
                    sum += 100;
                    break;
                case 1:
                case 2:
                    if (sum > 1000) break;
                    sum++;
                    continue;
                default:
                    sum--;
                    break;
            }
            sum += reversed ? Offset : -Offset;
        }
        y[0 * n + i] = sum;

        var pair = new Pair<int> { First = i, Second = 2 };
        pair.First += pair.Second;
        pair.Second = pair.First * 2;
        (int low, int high) = Sorted(second: pair.Second, first: x[i]);
        (low, high) = (high, low);
        y[1 * n + i] = low - high;

        long wide = i;
        for (uint round = 0; round < limit; round++) wide = wide * 31 + round;
        y[2 * n + i] = (int)(wide % 1000003);
        ulong bits = ~0ul >> i;
        bits ^= (ulong)wide << 3;
        y[3 * n + i] = (int)(bits & 0xFFFF) + (bits > 5 ? 1 : 0);

        View<int> own = y.Slice(4 * n);
        var row = own.Slice(i);
        row[0] = -1;
        if (i == 0) row[0] = 1; else if (i == 1) row[0] = 2; else { row[0] = 3; }
        bool even = i % 2 == 0, big = i > 3 && !even || i == 7;
        even &= big ^ true;
        y[5 * n + i] = even ? big ? 1 : 2 : big ? 3 : 4;
        for (int a = 0, b = 10; a < b; a++, b -= 2) y[5 * n + i] += a * b;
        _ = Bump(y, 6 * n + i);
        z[i] = Weighted<Linear>(x, n) + Weighted<Power<Linear>>(x, n) + Weighted<Power<Power<Linear>>>(x, n);
        int found = First(x, n, x[i]);
        y[7 * n + i] = found;
        var grid = new Grid(n, 4);
        y[8 * n + i] = grid.Index(i, i) + grid.Count + pair.Other(i > 3) + stretch.End + new Stretch(i, 3).End;
    }

    private static (int Low, int High) Sorted(int first, int second) => first < second ? (first, second) : (second, first);

    private static int Bump(View<int> y, int at, int by = 5)
    {
        y[at] += by;
        return y[at];
    }

    private static float Weighted<TWeight>(ReadOnlyView<int> x, int n) where TWeight : struct, IWeight
    {
        float sum = 0;
        for (int i = 0; i < n; i++) sum += TWeight.Of(0.25f, x[i]);
        return sum;
    }

    private static int First(ReadOnlyView<int> x, int n, int value)
    {
        for (int i = 0; i < n; i++)
        {
            if (x[i] == value) return i;
        }
        return -1;
    }
}
