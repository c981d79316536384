namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// One of the two shared tiles of a product by matrix units: the left matrix's or the right matrix's. Its lines are the left's rows or the
/// right's columns. It keeps the order of memory, so that 16 bytes are copied at a time: [lines][steps] with rows of 128 bytes, or, along
/// the lines, [steps][lines]. Runs of 16 bytes change places within a row, so that what a warp reads or writes at once falls on different
/// banks.
/// </summary>
/// <param name="Lines">Lines of the tile: 64 or 128.</param>
/// <param name="IsAlong">Whether lines are contiguous in memory ([reduction][lines]), and not steps ([lines][reduction]).</param>
/// <param name="Factors">What is multiplied.</param>
internal readonly record struct UnitSide(int Lines, bool IsAlong, FactorType Factors)
{
    /// <summary>Whether a float of memory holds two values. The tile is twice as deep then.</summary>
    public bool IsBFloat16 => Factors == FactorType.BFloat16;

    /// <summary>
    /// Whether a lane's sums lie in runs of four lines, as it loads them: only where ordinary multiply-adds read a tile along the lines.
    /// </summary>
    public bool IsInRuns => IsAlong && Factors == FactorType.AsyncFloat32;

    /// <summary>Runs of 16 bytes in a row of the tile.</summary>
    public int RowRuns => IsAlong ? (IsBFloat16 ? Lines >> 3 : Lines >> 2) : UnitTile.Depth >> 2;

    /// <summary>Returns the floats that hold a number of values.</summary>
    public int Floats(int values) => IsBFloat16 ? values >> 1 : values;

    /// <summary>Returns the index in the tile of a run of 16 bytes.</summary>
    /// <param name="row">Line, or step if the tile is along the lines.</param>
    /// <param name="run">Run in that row.</param>
    public int Place(int row, int run) => row * (RowRuns << 2) + ((run ^ Turn(row)) << 2);

    /// <summary>Returns the index of one value of a float32 tile along the lines.</summary>
    public int Place32(int step, int line) => step * Lines + (line ^ (Turn(step) << 2));

    /// <summary>Returns the line, from its warp's first on, of one of the eight rows of sums that a lane has.</summary>
    public int Row(int lane, int index) =>
        IsInRuns ? (index >> 2) * 32 + (lane >> 2) * 4 + (index & 3) : 8 * index + (lane >> 2);

    /// <summary>Returns the first of the two neighbouring lines of one of the eight pairs of columns of sums that a lane has.</summary>
    public int Column(int lane, int pair) =>
        IsInRuns ? (pair >> 1) * 16 + (lane & 3) * 4 + (pair & 1) * 2 : 8 * pair + (lane & 3) * 2;

    // Eight rows that ldmatrix reads at one run lie 128 bytes apart; the four steps that a warp reads of a float32 tile along the lines
    // need eight banks each. A lane that multiplies by itself reads runs of one step, which are neighbours.
    private int Turn(int row) => IsInRuns ? 0 : IsAlong && !IsBFloat16 ? (row & 3) << 1 : row & 7;
}
