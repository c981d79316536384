using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Values of the result that one thread computes: [perM / 4][perN / 4] blocks of 4 x 4, so that every index is known when the kernel is
/// compiled and the blocks stay in registers.
/// </summary>
internal static class RegisterTile
{
    /// <summary>Computes sums += left right for one step of the reduction.</summary>
    /// <param name="left">The step's row of the shared left tile, from the thread's first row on.</param>
    /// <param name="right">The step's row of the shared right tile, from the thread's first column on.</param>
    /// <param name="halfM">Distance of the second run of rows, if there is one.</param>
    /// <param name="halfN">Distance of the second run of columns, if there is one.</param>
    public static void Add(Registers<float> sums, View<float> left, View<float> right, int perM, int perN, int halfM, int halfN)
    {
        Float4 rows = left.Load4(0), columns = right.Load4(0);
        AddBlock(sums, rows, columns);
        if (perN == 8)
        {
            // Loaded once and passed on, because not every compiler proves that a second load gives the same value.
            Float4 furtherColumns = right.Load4(halfN);
            AddBlock(sums.Slice(16), rows, furtherColumns);
            if (perM == 8)
            {
                Float4 lowerRows = left.Load4(halfM);
                AddBlock(sums.Slice(32), lowerRows, columns);
                AddBlock(sums.Slice(48), lowerRows, furtherColumns);
            }
        }
        else if (perM == 8)
        {
            AddBlock(sums.Slice(16), left.Load4(halfM), columns);
        }
    }

    /// <summary>
    /// Returns the index of the four values of row <paramref name="row"/> from <paramref name="column"/> (a multiple of 4) on.
    /// </summary>
    public static int IndexOf(int row, int column, int perN) => ((row >> 2) * (perN >> 2) + (column >> 2)) * 16 + row % 4 * 4;

    /// <summary>
    /// Returns the row or column in the group's tile of the thread's run <paramref name="index"/> / 4, position index % 4.
    /// </summary>
    public static int Place(int thread, int index, int tile) => (index >> 2) * (tile >> 1) + thread * 4 + index % 4;

    private static void AddBlock(Registers<float> sums, Float4 rows, Float4 columns)
    {
        AddRow(sums, rows.X, columns);
        AddRow(sums.Slice(4), rows.Y, columns);
        AddRow(sums.Slice(8), rows.Z, columns);
        AddRow(sums.Slice(12), rows.W, columns);
    }

    private static void AddRow(Registers<float> sums, float row, Float4 columns)
    {
        sums[0] = KernelMath.FusedMultiplyAdd(row, columns.X, sums[0]);
        sums[1] = KernelMath.FusedMultiplyAdd(row, columns.Y, sums[1]);
        sums[2] = KernelMath.FusedMultiplyAdd(row, columns.Z, sums[2]);
        sums[3] = KernelMath.FusedMultiplyAdd(row, columns.W, sums[3]);
    }
}
