using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>Launches of a convolution's gradient with respect to its input.</summary>
internal sealed partial class InputGradientLaunches
{
    private readonly ConvolutionSizes _sizes;
    private readonly ConvolutionChoice _choice;
    private readonly bool _isBFloat16X, _isBFloat16Y;

    /// <param name="choice">Algorithm and tile, or null to choose by the sizes.</param>
    /// <param name="mostColumns">
    /// Values of windows that <see cref="ConvolutionAlgorithm.Im2Col"/> writes out at a time. One image may have more.
    /// </param>
    /// <param name="isBFloat16X">Whether dx is stored as bfloat16. Likewise for dy.</param>
    public InputGradientLaunches(
        ConvolutionShape shape, int images, ConvolutionChoice? choice = null, long mostColumns = ConvolutionSizes.DefaultMostColumns,
        bool isBFloat16X = false, bool isBFloat16Y = false)
    {
        _sizes = new(shape, images, mostColumns);
        _choice = choice ?? ConvolutionChoice.For(shape, images, ConvolutionPass.InputGradient);
        _choice.Check(shape, ConvolutionPass.InputGradient, isBFloat16Y);
        _isBFloat16X = isBFloat16X;
        _isBFloat16Y = isBFloat16Y;
    }

    /// <summary>Number of workspace floats that the launches need.</summary>
    public long WorkspaceFloats => _choice.Algorithm == ConvolutionAlgorithm.Im2Col ? _sizes.ColumnValues : 0;

    /// <summary>
    /// Number of parts in which <see cref="LaunchGathering"/> gathers the sums of a norm's gradient, one for each row of tiles. Null if it
    /// cannot: with several groups, with windows that are written out, and with a library's product.
    /// </summary>
    public int? GradientParts => !GathersGradients ? null : _choice.Algorithm switch
    {
        ConvolutionAlgorithm.ImplicitGemm => Phases().Sum(phase => TileShape.Tiles(PixelsOf(phase.H, phase.W), _choice.Tile.M)),
        ConvolutionAlgorithm.Gemm => TileShape.Tiles(_sizes.Pixels, _choice.Tile.M),
        _ => null,
    };

    private bool GathersGradients => _sizes.Shape.Groups == 1 && !_choice.ByLibrary;

    /// <param name="dy">[image][output height][output width][K]</param>
    /// <param name="filter">
    /// [group][R][S][C / groups][K / groups], as bfloat16 if that is what the tile multiplies; else floats.
    /// </param>
    /// <param name="dx">[image][H][W][C]</param>
    /// <param name="workspace">At least <see cref="WorkspaceFloats"/>; any view if that is 0.</param>
    /// <param name="accumulate">Whether to add to dx instead of overwriting it.</param>
    public void Launch(IKernelLaunches launches, ReadOnlyView<float> dy, ReadOnlyView<float> filter, View<float> dx,
        View<float> workspace, bool accumulate = false)
    {
        ConvolutionShape shape = _sizes.Shape;
        switch (_choice.Algorithm)
        {
            case ConvolutionAlgorithm.ImplicitGemm:
                foreach ((int h, int w) in Phases()) LaunchPhase(launches, dy, filter, dx, h, w, accumulate, new Identity());
                break;
            case ConvolutionAlgorithm.Gemm:
                Product(0, _sizes.Images, shape.C, _sizes.Inputs, _isBFloat16X)
                    .Launch(launches, dy, filter, null, dx, workspace, new Identity(), accumulate);
                break;
            default:
                foreach ((int first, int images) in _sizes.Runs())
                {
                    int groupColumns = images * shape.OutputArea * _sizes.Window;
                    // The windows are floats, so that each value of dx is rounded once.
                    Product(first, images, _sizes.Window, groupColumns, isBFloat16: false)
                        .Launch(launches, dy, filter, null, workspace, dx, new Identity());
                    WindowMap map = _sizes.Windows(first, images);
                    launches.Add(new Col2Im(accumulate, _isBFloat16X, workspace, dx, map), Col2Im.Groups(map));
                }
                break;
        }
    }

    /// <summary>
    /// Launches the gradient dv of an input v = f(norm(z) + addend), taken through f as it is stored: dz = f'(v) dv takes the place of dv.
    /// Gathers the sums that the norm's gradient needs.
    /// </summary>
    /// <param name="dz">[image][H][W][C]; overwritten.</param>
    /// <param name="function">f</param>
    /// <param name="gradients">Has <see cref="GradientParts"/> parts.</param>
    /// <param name="accumulate">
    /// Whether <paramref name="dz"/> holds what the other readers of v add to dv; this convolution's part completes it.
    /// </param>
    /// <exception cref="ArgumentException">The sums cannot be gathered.</exception>
    [Dispatched]
    public void LaunchGathering<TFunction>(IKernelLaunches launches, ReadOnlyView<float> dy, ReadOnlyView<float> filter, View<float> dz,
        GatheredGradients gradients, TFunction function, bool accumulate = false)
        where TFunction : unmanaged, IPointwise
    {
        if (GradientParts is null)
            throw new ArgumentException(
                "A norm's gradient is gathered by products of a single group in tiles; pass no gradients.", nameof(gradients));
        if (_choice.Algorithm == ConvolutionAlgorithm.Gemm)
        {
            Product(0, _sizes.Images, _sizes.Shape.C, _sizes.Inputs, _isBFloat16X)
                .Launch(launches, dy, filter, null, dz, dz, function, accumulate, gradients: gradients);
            return;
        }
        int part = 0;
        foreach ((int h, int w) in Phases())
        {
            LaunchPhase(launches, dy, filter, dz, h, w, accumulate, function, gradients, part);
            part += TileShape.Tiles(PixelsOf(h, w), _choice.Tile.M);
        }
    }

    /// <summary>The phases of the stride that have pixels.</summary>
    private IEnumerable<(int H, int W)> Phases() =>
        from h in Enumerable.Range(0, Math.Min(_sizes.Shape.StrideH, _sizes.Shape.H))
        from w in Enumerable.Range(0, Math.Min(_sizes.Shape.StrideW, _sizes.Shape.W))
        select (h, w);

    /// <summary>Returns the number of a phase's pixels in the batch.</summary>
    private int PixelsOf(int h, int w) => _sizes.Images
        * Phase(_sizes.Shape.H, _sizes.Shape.R, _sizes.Shape.StrideH, _sizes.Shape.PadH, h).Positions
        * Phase(_sizes.Shape.W, _sizes.Shape.S, _sizes.Shape.StrideW, _sizes.Shape.PadW, w).Positions;

    /// <summary>Gradients of the windows: dy times the transposed filter, for some images.</summary>
    private MatrixProductLaunches Product(int first, int images, int pitch, int step, bool isBFloat16) => new(
        new()
        {
            M = images * _sizes.Shape.OutputArea,
            N = _sizes.Window,
            K = _sizes.Outputs,
            StartA = first * _sizes.Shape.OutputArea * _sizes.Shape.K,
            PitchA = _sizes.Shape.K,
            PitchC = pitch,
            StepA = _sizes.Outputs,
            StepB = _sizes.GroupFilter,
            StepC = step,
        },
        transposeB: true, batch: _sizes.Shape.Groups, tile: _choice.Tile, canSplit: false, byLibrary: _choice.ByLibrary,
        isBFloat16A: _isBFloat16Y, isBFloat16B: _choice.Tile.Factors == FactorType.BFloat16, isBFloat16C: isBFloat16);

    /// <summary>
    /// Computes the input pixels (p StrideH + h, q StrideW + w). They see the same taps, every StrideH-th from the first one on, and each
    /// further tap reads the previous pixel of the output. Without taps the gradient is zero.
    /// </summary>
    /// <param name="firstPart">Part to which the first row of tiles gathers.</param>
    private void LaunchPhase<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> dy, ReadOnlyView<float> filter, View<float> dx, int h, int w, bool accumulate,
        TFunction function, GatheredGradients? gradients = null, int firstPart = 0)
        where TFunction : unmanaged, IPointwise
    {
        ConvolutionShape shape = _sizes.Shape;
        (int rows, int tapR, int tapsH, int startH) = Phase(shape.H, shape.R, shape.StrideH, shape.PadH, h);
        (int columns, int tapS, int tapsW, int startW) = Phase(shape.W, shape.S, shape.StrideW, shape.PadW, w);
        if (accumulate && tapsH * tapsW == 0 && gradients is null) return;
        int tapFilter = _sizes.Inputs * _sizes.Outputs;
        var map = new GatherMap
        {
            Grid = new()
            {
                Pixels = _sizes.Images * rows * columns,
                H = rows,
                W = new(columns),
                Area = new(rows * columns),
                SourceH = shape.OutputHeight,
                SourceW = shape.OutputWidth,
                SourceChannels = shape.K,
                StepH = 1,
                StepW = 1,
                StartH = startH,
                StartW = startW,
            },
            TapsH = tapsH,
            TapsW = tapsW,
            Direction = -1,
            RunTaps = 1,
            RunChannels = _sizes.Outputs,
            FilterStart = (tapR * shape.S + tapS) * tapFilter,
            FilterStepH = shape.StrideH * shape.S * tapFilter,
            FilterStepW = shape.StrideW * tapFilter,
            FilterPitch = _sizes.Outputs,
            FilterGroup = _sizes.GroupFilter,
            Columns = _sizes.Inputs,
            TargetStart = (h * shape.W + w) * shape.C,
            TargetImage = shape.H * shape.W * shape.C,
            TargetRow = shape.StrideH * shape.W * shape.C,
            TargetPixel = shape.StrideW * shape.C,
            FirstPart = firstPart,
        };
        TileShape tile = _choice.Tile;
        Size3 groups = new(tile.Count(map.Grid.Pixels, _sizes.Inputs), 1, shape.Groups);
        if (tile.Factors != FactorType.Float32)
        {
            launches.Add(
                new UnitConvolution<TFunction>(
                    tile.M, tile.N, tile.Factors, true, _sizes.WideInputs, _isBFloat16X, false, accumulate, false,
                    gradients is not null, gradients?.IsBFloat16Inputs ?? false, dy, filter, gradients?.Means ?? filter, dx,
                    gradients?.Scalars ?? default, gradients?.Parts ?? default, gradients?.Outputs ?? default,
                    gradients?.Inputs ?? default, new(map, tile.Factors.PerLoad()), function),
                groups);
            return;
        }
        launches.Add(
            new ConvolutionProduct<TFunction>(
                tile.M, tile.N, tile.K, tile.PerM, tile.PerN, true, _sizes.WideOutputs, _sizes.WideOutputs, _sizes.WideInputs, false,
                accumulate, false, _isBFloat16Y, _isBFloat16X, gradients is not null, gradients?.IsBFloat16Inputs ?? false, dy, filter,
                gradients?.Means ?? filter, dx, gradients?.Scalars ?? default, gradients?.Parts ?? default, gradients?.Outputs ?? default,
                gradients?.Inputs ?? default, map, function),
            groups);
    }

    /// <summary>
    /// Describes a phase along one axis: the number of its positions, its first tap, the number of its taps, and the output position that
    /// the first tap reads from the first position.
    /// </summary>
    private static (int Positions, int FirstTap, int Taps, int Start) Phase(int length, int taps, int stride, int padding, int phase)
    {
        int first = (phase + padding) % stride;
        int count = first < taps ? (taps - first + stride - 1) / stride : 0;
        return ((length - phase + stride - 1) / stride, first, count, (phase + padding - first) / stride);
    }
}
