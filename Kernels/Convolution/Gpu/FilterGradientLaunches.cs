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
    private readonly PackedTaps? _packed;
    private readonly int _packedInput;

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
        if (_choice.Tile.Factors != FactorType.Float32 && isBFloat16Y != (_choice.Tile.Factors == FactorType.BFloat16))
            throw new ArgumentException(
                $"{_choice} multiplies gradients of {_choice.Tile.Factors}, but got {(isBFloat16Y ? "bfloat16" : "floats")}; take a tile "
                + $"of {FactorType.Float32}.");
        _isBFloat16X = isBFloat16X;
        _isBFloat16Y = isBFloat16Y;
        _packed = _choice.Pack(shape, isBFloat16X);
        _packedInput = (int)(_packed?.InputFloats(images) ?? 0);
        if (_choice.Algorithm != ConvolutionAlgorithm.ImplicitGemm) return;
        (_parts, _partPixels) = TileChoice.Parts(
            (long)_choice.Tile.Count(Rows, _sizes.Outputs) * shape.Groups, _sizes.Pixels, _choice.Tile);
    }

    /// <summary>Number of workspace floats that the launches need.</summary>
    public long WorkspaceFloats => _choice.Algorithm switch
    {
        ConvolutionAlgorithm.ImplicitGemm => _packedInput + (_parts > 1 ? (long)_parts * FilterFloats : 0),
        ConvolutionAlgorithm.Gemm => Product(0, _sizes.Images, _sizes.Shape.C, _sizes.Inputs).WorkspaceFloats,
        _ => PartsStart + _sizes.Runs().Max(run => WindowProduct(run.First, run.Count).WorkspaceFloats),
    };

    private int Rows => _packed?.WindowValues ?? _sizes.Window;

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
        PackedRows rows = _packed?.Rows ?? new(_sizes.Shape.S, _sizes.Inputs, _sizes.Shape.S, _sizes.Inputs);
        if (_packed is { } packed)
        {
            // Only the copy: the product reads it and writes its partial sums past it.
            View<float> copy = workspace.Slice(0, _packedInput);
            packed.PackInput(launches, x, copy, _sizes.Images, _isBFloat16X);
            (x, parts) = (copy, workspace.Slice(_packedInput));
            grid = packed.Over(grid);
        }
        var map = new FilterGradientMap
        {
            Grid = grid,
            S = _packed?.RowRuns ?? _sizes.Shape.S,
            Channels = _packed?.RunValues ?? _sizes.Inputs,
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
                    tile.M, tile.N, tile.Factors, accumulate && !isSplit, x, dy, target, map, rows,
                    _packed?.RunStep ?? 1),
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
