using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Launches that sum the columns of a matrix, the gradient of a bias: first parts of the rows, then the parts.</summary>
internal sealed class ColumnSumsLaunches
{
    private const int MostParts = 128, LeastRows = 64;

    private readonly bool _isBFloat16;
    private readonly int _rows, _columns, _width, _partRows, _parts;

    /// <param name="isBFloat16">Whether the matrix is stored as bfloat16. The sums are floats.</param>
    public ColumnSumsLaunches(int rows, int columns, bool isBFloat16 = false)
    {
        _isBFloat16 = isBFloat16;
        _rows = rows;
        _columns = columns;
        _width = columns <= 8 ? 8 : 32;
        _partRows = Math.Max(LeastRows, (rows + MostParts - 1) / MostParts);
        _parts = (rows + _partRows - 1) / _partRows;
    }

    /// <summary>Number of workspace floats that the launches need.</summary>
    public long WorkspaceFloats => (long)_parts * _columns;

    /// <summary>Number of parts of the rows.</summary>
    public int Parts => _parts;

    /// <summary>Launches only the sums of the parts.</summary>
    /// <param name="x">[rows][columns]</param>
    /// <param name="parts">[<see cref="Parts"/>][columns]; overwritten.</param>
    public void LaunchParts(IKernelLaunches launches, ReadOnlyView<float> x, View<float> parts) => launches.Add(
        new ColumnSums(_width, _isBFloat16, x, parts, _rows, _columns, _partRows), new(Size3.Groups(_columns, _width), _parts));

    /// <param name="x">[rows][columns]</param>
    /// <param name="sums">[columns]</param>
    /// <param name="accumulate">Whether to add to the sums instead of overwriting them.</param>
    public void Launch(IKernelLaunches launches, ReadOnlyView<float> x, View<float> sums, View<float> workspace, bool accumulate = false)
    {
        LaunchParts(launches, x, workspace);
        var sum = new SumParts<Identity>(false, accumulate, false, workspace, workspace, sums, _parts, _columns, new(_columns), default);
        launches.Add(sum, sum.Groups);
    }
}
