using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

public readonly record struct Table(Divisor Columns, int Rows);

/// <summary>Divides each value by each divisor. A thread's place in the table comes from a division, too.</summary>
[Kernel(64)]
public readonly partial struct Quotients(Table table, ReadOnlyView<Divisor> divisors, ReadOnlyView<int> values, View<int> quotients,
    View<int> remainders)
{
    public void Execute()
    {
        int i = GlobalId.X, row = table.Columns.Divide(i), column = table.Columns.Remainder(i);
        if (row >= table.Rows) return;
        Divisor divisor = divisors[column];
        quotients[i] = divisor.Divide(values[row]);
        remainders[i] = divisors[column].Remainder(values[row] - divisor.Value + divisor.Value);
    }
}
