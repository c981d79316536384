using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// One of the two shared tiles of a product: the left matrix's or the right matrix's. Its lines are the left's rows or the right's columns.
/// It is stored [depth][lines], so that a thread reads runs of lines. <see cref="Padding"/> between the rows keeps runs that are transposed
/// on storing from falling on the same banks.
/// </summary>
/// <param name="Lines">Lines of the tile, a power of two.</param>
/// <param name="Depth">Steps of the reduction in the tile, a power of two.</param>
/// <param name="IsAlong">Whether lines are contiguous in memory ([reduction][lines]), and not steps ([lines][reduction]).</param>
/// <param name="IsWide">Whether four neighbours may be loaded at once: all of them exist or none, and their address is aligned.</param>
/// <param name="IsBFloat16">Whether the matrix is stored as bfloat16. The shared tile holds floats.</param>
internal readonly record struct TileSide(int Lines, int Depth, bool IsAlong, bool IsWide, bool IsBFloat16)
{
    /// <summary>Padding floats after each row of a shared tile.</summary>
    public const int Padding = 4;

    /// <summary>Returns the line of the tile on which the run of four at <paramref name="element"/> starts.</summary>
    public int Line(int element) => IsAlong ? element % Lines : element / Depth;

    /// <summary>Returns the step of the reduction in the tile at which that run starts.</summary>
    public int Step(int element) => IsAlong ? element / Lines : element % Depth;

    /// <summary>Loads four neighbours of a matrix; zeros outside it.</summary>
    /// <param name="offset">Start of the matrix.</param>
    /// <param name="pitch">Values from one row of the matrix in memory to the next.</param>
    /// <param name="element">First element of the run in the tile: a multiple of 4.</param>
    /// <param name="line">Line of the matrix at which the tile starts.</param>
    /// <param name="lines">Number of lines in the matrix.</param>
    /// <param name="step">Step of the reduction at which the tile starts.</param>
    /// <param name="end">End of the reduction.</param>
    public Float4 Load(ReadOnlyView<float> matrix, int offset, int pitch, int element, int line, int lines, int step, int end)
    {
        int atLine = line + Line(element), atStep = step + Step(element);
        return IsAlong
            ? Runs.Load(matrix, offset + atStep * pitch + atLine, atLine, 0, atStep < end ? lines : 0, IsWide, IsBFloat16)
            : Runs.Load(matrix, offset + atLine * pitch + atStep, atStep, 0, atLine < lines ? end : 0, IsWide, IsBFloat16);
    }

    /// <summary>Stores the run loaded for <paramref name="element"/> in a shared tile.</summary>
    public void Store(View<float> tile, int element, Float4 values)
    {
        int pitch = Lines + Padding, to = Step(element) * pitch + Line(element);
        if (IsAlong)
        {
            tile.Store4(to, values);
        }
        else
        {
            tile[to] = values.X;
            tile[to + pitch] = values.Y;
            tile[to + 2 * pitch] = values.Z;
            tile[to + 3 * pitch] = values.W;
        }
    }
}
