using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Launches of a convolution's gradient with respect to its filter. The bias's gradient is the <see cref="ColumnSumsLaunches"/> of dy.
/// </summary>
internal sealed class FilterGradientLaunches
{
    private readonly ConvolutionSizes _sizes;
    private readonly ConvolutionChoice _choice;
    private readonly int _parts, _partPixels;
    private readonly bool _isBFloat16X, _isBFloat16Y;

    /// <param name="choice">Algorithm and tile, or null to choose by the sizes.</param>
    /// <param name="mostColumns">
    /// Values of windows that <see cref="ConvolutionAlgorithm.Im2Col"/> writes out at a time. One image may have more.
    /// </param>
    /// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for dy. dw is floats.</param>
    public FilterGradientLaunches(
        ConvolutionShape shape, int images, ConvolutionChoice? choice = null, long mostColumns = ConvolutionSizes.DefaultMostColumns,
        bool isBFloat16X = false, bool isBFloat16Y = false)
    {
        _sizes = new(shape, images, mostColumns);
        _choice = choice ?? ConvolutionChoice.For(shape, images, ConvolutionPass.FilterGradient);
        _choice.Check(shape, ConvolutionPass.FilterGradient, isBFloat16X);
        if (_choice.Tile.Factors != FactorType.Float32 && isBFloat16X != isBFloat16Y)
            throw new ArgumentException(
                $"{_choice} multiplies two volumes of one kind, but one is stored as bfloat16 and one as floats; take a tile of "
                + $"{FactorType.Float32}.");
        _isBFloat16X = isBFloat16X;
        _isBFloat16Y = isBFloat16Y;
        if (_choice.Algorithm != ConvolutionAlgorithm.ImplicitGemm) return;
        (_parts, _partPixels) = TileChoice.Parts(
            (long)_choice.Tile.Count(Rows, _sizes.Outputs) * shape.Groups, _sizes.Pixels, _choice.Tile);
    }

    /// <summary>Number of workspace floats that the launches need.</summary>
    public long WorkspaceFloats => _choice.Algorithm switch
    {
        ConvolutionAlgorithm.ImplicitGemm => PaddedInput + (_parts > 1 ? (long)_parts * FilterFloats : 0),
        ConvolutionAlgorithm.Gemm => Product(0, _sizes.Images, _sizes.Shape.C, _sizes.Inputs).WorkspaceFloats,
        _ => PartsStart + _sizes.Runs().Max(run => WindowProduct(run.First, run.Count).WorkspaceFloats),
    };

    /// <summary>Channels of a group as the product reads them. For matrix units floats are padded to whole loads by a copy.</summary>
    private int Channels => _choice.Tile.Factors == FactorType.TF32 ? (_sizes.Inputs + 3) / 4 * 4 : _sizes.Inputs;

    private int Rows => _sizes.Shape.R * _sizes.Shape.S * Channels;

    /// <summary>Floats of the padded copy of x, which stands first in the workspace.</summary>
    private long PaddedInput => Channels == _sizes.Inputs ? 0 : (long)_sizes.Images * _sizes.Shape.H * _sizes.Shape.W * Channels;

    private int FilterFloats => _sizes.GroupFilter * _sizes.Shape.Groups;

    private long ColumnFloats => StoredValues.Floats(_sizes.ColumnValues, _isBFloat16X);

    /// <summary>Start of the partial sums in the workspace, after the windows.</summary>
    private long PartsStart => (ColumnFloats + 3) / 4 * 4;

    /// <param name="x">[image][H][W][C]</param>
    /// <param name="dy">[image][output height][output width][K]</param>
    /// <param name="dw">[group][R][S][C / groups][K / groups]</param>
    /// <param name="workspace">At least <see cref="WorkspaceFloats"/>; any view if that is 0.</param>
    /// <param name="accumulate">Whether to add to dw instead of overwriting it.</param>
    public void Launch(IKernelLaunches launches, ReadOnlyView<float> x, ReadOnlyView<float> dy, View<float> dw, View<float> workspace,
        bool accumulate = false)
    {
        switch (_choice.Algorithm)
        {
            case ConvolutionAlgorithm.ImplicitGemm:
                LaunchGathered(launches, x, dy, dw, workspace, accumulate);
                break;
            case ConvolutionAlgorithm.Gemm:
                Product(0, _sizes.Images, _sizes.Shape.C, _sizes.Inputs)
                    .Launch(launches, x, dy, null, dw, workspace, new Identity(), accumulate);
                break;
            default:
                // Only the windows: the product reads them and writes its partial sums past them.
                View<float> columns = workspace.Slice(0, (int)ColumnFloats);
                foreach ((int first, int images) in _sizes.Runs())
                {
                    _sizes.WriteWindows(launches, x, columns, first, images, _isBFloat16X);
                    WindowProduct(first, images).Launch(
                        launches, columns, dy, null, dw, workspace.Slice((int)PartsStart), new Identity(), accumulate || first > 0);
                }
                break;
        }
    }

    private MatrixProductLaunches WindowProduct(int first, int images) =>
        Product(first, images, _sizes.Window, images * _sizes.Shape.OutputArea * _sizes.Window);

    /// <summary>Transposed windows times dy, for some images.</summary>
    /// <param name="pitch">Values from one window to the next.</param>
    /// <param name="step">Values from one group's windows to the next.</param>
    private MatrixProductLaunches Product(int first, int images, int pitch, int step) => new(
        new()
        {
            M = _sizes.Window,
            N = _sizes.Outputs,
            K = images * _sizes.Shape.OutputArea,
            PitchA = pitch,
            StartB = first * _sizes.Shape.OutputArea * _sizes.Shape.K,
            PitchB = _sizes.Shape.K,
            StepA = step,
            StepB = _sizes.Outputs,
            StepC = _sizes.GroupFilter,
        },
        transposeA: true, batch: _sizes.Shape.Groups, tile: _choice.Tile, byLibrary: _choice.ByLibrary,
        isBFloat16A: _isBFloat16X, isBFloat16B: _isBFloat16Y);

    private void LaunchGathered(IKernelLaunches launches, ReadOnlyView<float> x, ReadOnlyView<float> dy, View<float> dw,
        View<float> workspace, bool accumulate)
    {
        bool isSplit = _parts > 1;
        View<float> parts = workspace;
        PixelGrid grid = _sizes.Grid(_sizes.Images);
        if (PaddedInput > 0)
        {
            // Only the copy: the product reads it and writes its partial sums past it.
            View<float> padded = workspace.Slice(0, (int)PaddedInput);
            launches.Add(new PadChannels(x, padded, _sizes.Inputs, new(Channels / 4), (int)(PaddedInput / 4)));
            (x, parts) = (padded, workspace.Slice((int)PaddedInput));
            grid.SourceChannels = Channels;
        }
        var map = new FilterGradientMap
        {
            Grid = grid,
            S = _sizes.Shape.S,
            Channels = Channels,
            Columns = _sizes.Outputs,
            Rows = Rows,
            GradientPitch = _sizes.Shape.K,
            Parts = _parts,
            PartPixels = _partPixels,
            PartStep = FilterFloats,
        };
        TileShape tile = _choice.Tile;
        View<float> target = isSplit ? parts : dw;
        Size3 groups = new(tile.Count(Rows, _sizes.Outputs), 1, _sizes.Shape.Groups * _parts);
        if (tile.Factors != FactorType.Float32)
        {
            launches.Add(
                new UnitFilterGradient(
                    tile.M, tile.N, tile.Factors == FactorType.BFloat16, accumulate && !isSplit, x, dy, target, map, _sizes.Inputs),
                groups);
        }
        else
        {
            launches.Add(
                new FilterGradientProduct(
                    tile.M, tile.N, tile.K, tile.PerM, tile.PerN, _sizes.WideInputs, _sizes.WideOutputs, accumulate && !isSplit,
                    _isBFloat16X, _isBFloat16Y, x, dy, target, map),
                groups);
        }
        if (!isSplit) return;
        var sum = new SumParts<Identity>(
            false, accumulate, false, parts, parts, dw, _parts, FilterFloats, new(FilterFloats), default);
        launches.Add(sum, sum.Groups);
    }
}
