using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Sizes that the passes of a convolution on a GPU derive from its shape. Volumes are channels-last, and a group's filter is [R][S][C /
/// groups][K / groups].
/// </summary>
/// <param name="MostColumns">Values of windows that are written out at a time. One image may have more.</param>
internal sealed record ConvolutionSizes(ConvolutionShape Shape, int Images, long MostColumns)
{
    /// <summary>Default for the values of windows that are written out at a time: 256 MiB of floats.</summary>
    public const long DefaultMostColumns = 64 << 20;

    /// <summary>Input channels of a group.</summary>
    public int Inputs { get; } = Shape.C / Shape.Groups;

    /// <summary>Filters of a group.</summary>
    public int Outputs { get; } = Shape.K / Shape.Groups;

    /// <summary>Number of values in a window of one group.</summary>
    public int Window => Shape.R * Shape.S * Inputs;

    /// <summary>Number of weights in one group.</summary>
    public int GroupFilter => Window * Outputs;

    /// <summary>Number of pixels in the batch's output.</summary>
    public int Pixels { get; } = Largest(Shape, Images) <= int.MaxValue
        ? Images * Shape.OutputArea
        : throw new ArgumentException(
            $"A batch of {Images} images of {Shape} has a buffer of {Largest(Shape, Images)} values, but kernels index at most "
            + $"{int.MaxValue}; take a smaller batch.");

    /// <summary>Whether the input channels of a group are a multiple of 4.</summary>
    public bool WideInputs => Inputs % 4 == 0;

    /// <summary>Whether the filters of a group are a multiple of 4.</summary>
    public bool WideOutputs => Outputs % 4 == 0;

    /// <summary>Number of images whose windows are written out at a time.</summary>
    public int ImagesAtOnce => (int)Math.Clamp(MostColumns / ((long)Shape.OutputArea * Window * Shape.Groups), 1, Images);

    /// <summary>Number of values in those windows.</summary>
    public long ColumnValues => (long)ImagesAtOnce * Shape.OutputArea * Window * Shape.Groups;

    /// <summary>Cuts the batch into runs of images whose windows are written out together.</summary>
    public IEnumerable<(int First, int Count)> Runs()
    {
        for (int first = 0; first < Images; first += ImagesAtOnce) yield return (first, Math.Min(ImagesAtOnce, Images - first));
    }

    /// <summary>Describes the output's pixels and the start of each window.</summary>
    public PixelGrid Grid(int images) => new()
    {
        Pixels = images * Shape.OutputArea,
        H = Shape.OutputHeight,
        W = new(Shape.OutputWidth),
        Area = new(Shape.OutputArea),
        SourceH = Shape.H,
        SourceW = Shape.W,
        SourceChannels = Shape.C,
        StepH = Shape.StrideH,
        StepW = Shape.StrideW,
        StartH = -Shape.PadH,
        StartW = -Shape.PadW,
    };

    public WindowMap Windows(int first, int images) => new()
    {
        Grid = Grid(images),
        R = Shape.R,
        S = new(Shape.S),
        Channels = new(Inputs),
        Length = new(Window),
        Pixel = new(Shape.C),
        Row = new(Shape.W * Shape.C),
        Image = new(Shape.H * Shape.W * Shape.C),
        StepH = new(Shape.StrideH),
        StepW = new(Shape.StrideW),
        FirstImage = first,
    };

    /// <summary>Writes out the windows of some images.</summary>
    /// <param name="isBFloat16">Whether x and the windows are stored as bfloat16.</param>
    public void WriteWindows(
        IKernelLaunches launches, ReadOnlyView<float> x, View<float> columns, int first, int images, bool isBFloat16)
    {
        WindowMap map = Windows(first, images);
        int width = WideInputs ? 4 : 1;
        launches.Add(new Im2Col(width, isBFloat16, x, columns, map), Im2Col.Groups(width, map, Shape.Groups));
    }

    /// <summary>Number of values in the largest buffer.</summary>
    private static long Largest(ConvolutionShape shape, int images)
    {
        long input = (long)images * shape.C * shape.H * shape.W, output = (long)images * shape.K * shape.OutputArea;
        long windows = (long)shape.OutputArea * shape.R * shape.S * shape.C;
        return Math.Max(windows, Math.Max(input, output));
    }
}
