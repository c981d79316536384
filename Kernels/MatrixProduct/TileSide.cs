using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// One of the two shared tiles of a product, that of the left matrix or that of the right one. Its lines are the left's rows or the right's columns. In shared memory it is [depth][lines], so
/// that a thread reads runs of lines, with <see cref="Padding"/> between the rows: without it runs that are turned when they are stored would fall on the same banks.
/// </summary>
/// <param name="Lines">Lines of the tile, a power of two.</param>
/// <param name="Depth">Steps of the reduction in the tile, a power of two.</param>
/// <param name="IsAlong">Whether neighbouring lines are neighbours in memory ([reduction][lines]), not neighbouring steps ([lines][reduction]).</param>
/// <param name="IsWide">Whether four neighbours may be loaded at once: all of them exist or none, and their address is aligned.</param>
internal readonly record struct TileSide(int Lines, int Depth, bool IsAlong, bool IsWide)
{
    /// <summary>Floats behind each row of a shared tile.</summary>
    public const int Padding = 4;

    /// <summary>The line of the tile that the run of four at <paramref name="element"/> is, or starts, at.</summary>
    public int Line(int element) => IsAlong ? element % Lines : element / Depth;

    /// <summary>The step of the reduction in the tile, likewise.</summary>
    public int Step(int element) => IsAlong ? element / Lines : element % Depth;

    /// <summary>Four neighbours of a matrix; zeros outside of it.</summary>
    /// <param name="offset">Where the matrix starts.</param>
    /// <param name="pitch">Floats from one row of the matrix in memory to the next.</param>
    /// <param name="element">Which elements of the tile: a multiple of 4.</param>
    /// <param name="line">Line of the matrix that the tile starts at.</param>
    /// <param name="lines">Lines of the matrix.</param>
    /// <param name="step">Step of the reduction that the tile starts at.</param>
    /// <param name="end">Where the reduction ends.</param>
    public Float4 Load(ReadOnlyView<float> matrix, int offset, int pitch, int element, int line, int lines, int step, int end)
    {
        int atLine = line + Line(element), atStep = step + Step(element);
        return IsAlong
            ? Runs.Load(matrix, offset + atStep * pitch + atLine, atLine, 0, atStep < end ? lines : 0, IsWide)
            : Runs.Load(matrix, offset + atLine * pitch + atStep, atStep, 0, atLine < lines ? end : 0, IsWide);
    }

    /// <summary>Stores what was loaded for <paramref name="element"/> to a shared tile.</summary>
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
