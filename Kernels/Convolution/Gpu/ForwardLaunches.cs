using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>Launches of a convolution's forward pass, y = f(conv(x, w) + bias).</summary>
internal sealed partial class ForwardLaunches
{
    private readonly ConvolutionSizes _sizes;
    private readonly ConvolutionChoice _choice;
    private readonly int _pitch;
    private readonly bool _isBFloat16X, _isBFloat16Y;
    private readonly PackedTaps? _packed;
    private readonly int _packedInput;

    /// <param name="choice">Algorithm and tile, or null to choose by the sizes.</param>
    /// <param name="mostColumns">
    /// Values of windows that <see cref="ConvolutionAlgorithm.Im2Col"/> writes out at a time. One image may have more.
    /// </param>
    /// <param name="pitch">
    /// Values from one pixel of y to the next if y is a slice of a volume with more channels, or 0 if pixels are contiguous.
    /// </param>
    /// <param name="isBFloat16X">Whether x is stored as bfloat16. Likewise for y.</param>
    public ForwardLaunches(
        ConvolutionShape shape, int images, ConvolutionChoice? choice = null, long mostColumns = ConvolutionSizes.DefaultMostColumns,
        int pitch = 0, bool isBFloat16X = false, bool isBFloat16Y = false)
    {
        _sizes = new(shape, images, mostColumns);
        _choice = choice ?? ConvolutionChoice.For(shape, images, ConvolutionPass.Forward);
        _choice.Check(shape, ConvolutionPass.Forward, isBFloat16X);
        _pitch = pitch == 0 ? shape.K : pitch;
        _isBFloat16X = isBFloat16X;
        _isBFloat16Y = isBFloat16Y;
        _packed = _choice.Pack(shape, isBFloat16X);
        _packedInput = (int)(_packed?.InputFloats(images) ?? 0);
    }

    /// <summary>Number of workspace floats that the launches need.</summary>
    public long WorkspaceFloats => _choice.Algorithm == ConvolutionAlgorithm.Im2Col
        ? StoredValues.Floats(_sizes.ColumnValues, _isBFloat16X) : _packedInput + (_packed?.FilterFloats ?? 0);

    /// <summary>
    /// Rows in each part whose moments <see cref="Launch"/> gathers. Null if it cannot gather moments: with several groups, with windows
    /// written out in several pieces, and with a library's product.
    /// </summary>
    public int? MomentRows => !_choice.ByLibrary && _sizes.Shape.Groups == 1
        && (_choice.Algorithm != ConvolutionAlgorithm.Im2Col || _sizes.ImagesAtOnce >= _sizes.Images)
            ? _choice.Tile.M
            : null;

    private bool ByUnits => _choice.Tile.Factors != FactorType.Float32;

    /// <param name="x">[image][H][W][C]</param>
    /// <param name="filter">
    /// [group][R][S][C / groups][K / groups], as bfloat16 if that is what the tile multiplies; else floats.
    /// </param>
    /// <param name="bias">[K], or null.</param>
    /// <param name="y">[image][output height][output width][pitch]; only the first K channels are written.</param>
    /// <param name="workspace">At least <see cref="WorkspaceFloats"/>; any view if that is 0.</param>
    /// <param name="accumulate">Whether to add to y instead of overwriting it.</param>
    /// <param name="moments">
    /// Receives the moments of y's channels in parts of <see cref="MomentRows"/> rows, or null. Requires the identity function and no
    /// accumulation.
    /// </param>
    [Dispatched]
    public void Launch<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> x, ReadOnlyView<float> filter, ReadOnlyView<float>? bias, View<float> y,
        View<float> workspace, TFunction function, bool accumulate = false, GatheredMoments? moments = null)
        where TFunction : unmanaged, IPointwise
    {
        if (moments is not null && (MomentRows is null || accumulate || function is not Identity))
            throw new ArgumentException(
                "Moments are gathered by a single product without groups, function or accumulation; pass no moments.", nameof(moments));
        switch (_choice.Algorithm)
        {
            case ConvolutionAlgorithm.ImplicitGemm:
                if (ByUnits) LaunchUnits(launches, x, filter, bias, y, workspace, function, accumulate, moments);
                else LaunchGathered(launches, x, filter, bias, y, function, accumulate, moments);
                break;
            case ConvolutionAlgorithm.Gemm:
                Product(0, _sizes.Images, _sizes.Shape.C, _sizes.Inputs)
                    .Launch(launches, x, filter, bias, y, workspace, function, accumulate, moments);
                break;
            default:
                foreach ((int first, int images) in _sizes.Runs())
                {
                    _sizes.WriteWindows(launches, x, workspace, first, images, _isBFloat16X);
                    int groupColumns = images * _sizes.Shape.OutputArea * _sizes.Window;
                    // The workspace holds the windows of all rows. It has no room for partial sums, and the product needs none.
                    Product(first, images, _sizes.Window, groupColumns)
                        .Launch(launches, workspace, filter, bias, y, y, function, accumulate, moments);
                }
                break;
        }
    }

    /// <summary>Products of the groups, for some images.</summary>
    /// <param name="pitch">Values from one window to the next.</param>
    /// <param name="step">Values from one group's windows to the next.</param>
    private MatrixProductLaunches Product(int first, int images, int pitch, int step) => new(
        new()
        {
            M = images * _sizes.Shape.OutputArea,
            N = _sizes.Outputs,
            K = _sizes.Window,
            PitchA = pitch,
            PitchC = _pitch,
            StartC = first * _sizes.Shape.OutputArea * _pitch,
            StepA = step,
            StepB = _sizes.GroupFilter,
            StepC = _sizes.Outputs,
            StepBias = _sizes.Outputs,
        },
        batch: _sizes.Shape.Groups, tile: _choice.Tile, canSplit: false, byLibrary: _choice.ByLibrary,
        isBFloat16A: _isBFloat16X, isBFloat16B: _choice.Tile.Factors == FactorType.BFloat16, isBFloat16C: _isBFloat16Y);

    private void LaunchGathered<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> x, ReadOnlyView<float> filter, ReadOnlyView<float>? bias, View<float> y,
        TFunction function, bool accumulate, GatheredMoments? moments)
        where TFunction : unmanaged, IPointwise
    {
        // With a single group the values of a whole filter row are contiguous, in the input and in the filter.
        GatherMap map = Map(_sizes.Shape.Groups == 1 ? _sizes.Shape.S : 1, _sizes.Inputs);
        TileShape tile = _choice.Tile;
        launches.Add(
            new ConvolutionProduct<TFunction>(
                tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, _sizes.WideInputs, _sizes.WideOutputs, IsWideY, bias is not null,
                accumulate, moments is not null, _isBFloat16X, _isBFloat16Y, false, false, x, filter, bias ?? filter, y,
                moments?.Scalars ?? default, moments?.Parts ?? default, default, default, map, function),
            new(tile.Count(_sizes.Pixels, _sizes.Outputs), 1, _sizes.Shape.Groups));
    }

    private void LaunchUnits<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> x, ReadOnlyView<float> filter, ReadOnlyView<float>? bias, View<float> y,
        View<float> workspace, TFunction function, bool accumulate, GatheredMoments? moments)
        where TFunction : unmanaged, IPointwise
    {
        TileShape tile = _choice.Tile;
        GatherMap map = Map(1, _packed?.RunValues ?? _sizes.Inputs);
        if (_packed is { } packed)
        {
            View<float> packedFilter = workspace.Slice(_packedInput);
            packed.PackInput(launches, x, workspace, _sizes.Images, _isBFloat16X);
            packed.PackFilter(launches, filter, packedFilter);
            (x, filter) = (workspace, packedFilter);
            map.Grid = packed.Over(map.Grid);
            map.TapsW = packed.RowRuns;
        }
        launches.Add(
            new UnitConvolution<TFunction>(
                tile.M, tile.N, tile.Factors, false, IsWideY, _isBFloat16Y, bias is not null, accumulate,
                moments is not null, false, false, x, filter, bias ?? filter, y, moments?.Scalars ?? default, moments?.Parts ?? default,
                default, default, new(map, tile.Factors.PerLoad(), _packed?.RunStep ?? 1), function),
            new(tile.Count(_sizes.Pixels, _sizes.Outputs)));
    }

    private bool IsWideY => _sizes.WideOutputs && _pitch % 4 == 0;

    /// <param name="runTaps">Taps in a run.</param>
    /// <param name="channels">Channels of a group, or values of a packed run.</param>
    private GatherMap Map(int runTaps, int channels)
    {
        ConvolutionShape shape = _sizes.Shape;
        return new()
        {
            Grid = _sizes.Grid(_sizes.Images),
            TapsH = shape.R,
            TapsW = shape.S / runTaps,
            Direction = 1,
            RunTaps = runTaps,
            RunChannels = channels,
            FilterStepH = shape.S * channels * _sizes.Outputs,
            FilterStepW = runTaps * channels * _sizes.Outputs,
            FilterPitch = _sizes.Outputs,
            FilterGroup = _sizes.GroupFilter,
            Columns = _sizes.Outputs,
            TargetImage = shape.OutputArea * _pitch,
            TargetRow = shape.OutputWidth * _pitch,
            TargetPixel = _pitch,
        };
    }
}
