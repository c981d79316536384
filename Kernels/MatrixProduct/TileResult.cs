namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>How a tile of a product is stored. All of it is known when a kernel is compiled.</summary>
/// <param name="TileM">Lines of the tile.</param>
/// <param name="TileN">Columns of the tile.</param>
/// <param name="AddsBias">Whether to add a bias to the sums.</param>
/// <param name="Accumulates">Whether to add to the result instead of overwriting it.</param>
/// <param name="GathersMoments">Whether to write the moments of the tile's columns (<see cref="TileMoments"/>).</param>
/// <param name="GathersGradients">
/// Whether to take what would be stored through the function's derivative, and to write the sums of <see cref="GatheredGradients"/>.
/// </param>
/// <param name="IsWide">Whether the result and the bias are accessed four values at a time.</param>
/// <param name="IsBFloat16">Whether the result is stored as bfloat16. So is v, which lies like it.</param>
/// <param name="IsBFloat16Z">Whether z is stored as bfloat16.</param>
internal readonly record struct TileResult(
    int TileM, int TileN, bool AddsBias, bool Accumulates, bool GathersMoments, bool GathersGradients, bool IsWide, bool IsBFloat16,
    bool IsBFloat16Z);

/// <summary>Place of a tile in the result.</summary>
/// <param name="Column">First column of the tile.</param>
/// <param name="Columns">Number of columns in the result.</param>
/// <param name="Bias">Start of the bias.</param>
/// <param name="Part">Row of tiles, to which moments or sums of a norm's gradient are written.</param>
/// <param name="Real">
/// Lines of real images, from the tile's first on: those that moments and sums count. May exceed the tile's lines, or be less than one.
/// </param>
internal readonly record struct TilePlace(int Column, int Columns, int Bias, int Part, int Real);
