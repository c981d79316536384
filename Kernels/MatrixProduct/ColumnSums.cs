using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Sums the columns of a matrix over parts of its rows: parts[part, column]. Groups: x columns, y parts. The threads of a group share its
/// columns and, for each column, the rows of the part; their sums are added in a fixed order. Memory-bound.
/// </summary>
/// <param name="width">Columns of a group: 8 or 32.</param>
/// <param name="isBFloat16">Whether x is stored as bfloat16.</param>
/// <param name="x">[rows][columns]</param>
/// <param name="parts">[ceil(rows / partRows)][columns]</param>
[Kernel]
internal readonly partial struct ColumnSums(
    [Specialization(32)] int width, [Specialization] Flag isBFloat16, ReadOnlyView<float> x, View<float> parts, int rows, int columns,
    int partRows)
{
    private const int Threads = 256;

    public Size3 GroupShape => new(width, Threads / width);

    public void Execute()
    {
        View<float> scratch = Shared.Array<float>(GroupSize.X * GroupSize.Y);
        int column = GlobalId.X, first = GroupId.Y * partRows, end = KernelMath.Min(first + partRows, rows);
        float sum = 0;
        if (column < columns)
            for (int row = first + ThreadId.Y; row < end; row += GroupSize.Y)
                sum += StoredValues.Load(x, row * columns + column, isBFloat16);
        scratch[ThreadId.Y * GroupSize.X + ThreadId.X] = sum;
        Group.Barrier();
        if (ThreadId.Y == 0 && column < columns)
        {
            for (int line = 1; line < GroupSize.Y; line++) sum += scratch[line * GroupSize.X + ThreadId.X];
            parts[GroupId.Y * columns + column] = sum;
        }
    }
}
