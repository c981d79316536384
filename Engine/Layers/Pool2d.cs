using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Base of the poolings, which move a window over each channel. The output has floor((H - R + 2 PadH) / StrideH) + 1 rows, or ceil(…) + 1
/// with <see cref="CeilMode"/>, without the last row if its window would start past the padded input (PyTorch's rule). So with ceil mode
/// the map may be smaller than the window, by less than a stride.
/// </summary>
public abstract class Pool2d : UnaryOperator
{
    private protected Pool2d((int Rows, int Columns) size, (int Rows, int Columns) stride, (int Rows, int Columns) padding, bool ceilMode)
    {
        if (size.Rows < 1 || size.Columns < 1 || stride.Rows < 1 || stride.Columns < 1)
            throw new ArgumentException($"{Type} expects a positive window and stride, but got {size} and {stride}.");
        if (padding.Rows < 0 || padding.Columns < 0 || 2 * padding.Rows > size.Rows || 2 * padding.Columns > size.Columns)
            throw new ArgumentException($"{Type} expects a padding between 0 and half the window {size}, but got {padding}.");
        Size = size;
        Stride = stride;
        Padding = padding;
        CeilMode = ceilMode;
    }

    public (int Rows, int Columns) Size { get; }

    public (int Rows, int Columns) Stride { get; }

    public (int Rows, int Columns) Padding { get; }

    public bool CeilMode { get; }

    protected sealed override Shape InferShape(Shape input)
    {
        if (input.IsVector)
            throw new GpuCnnException($"{Type} {Size.Rows}x{Size.Columns} expects a volume CxHxW, but got a vector of {input}.");
        int leastRows = Least(Size.Rows, Stride.Rows, Padding.Rows), leastColumns = Least(Size.Columns, Stride.Columns, Padding.Columns);
        if (input.Height < leastRows || input.Width < leastColumns)
            throw new GpuCnnException(
                $"{Type} {Size.Rows}x{Size.Columns} expects an input of at least {leastRows}x{leastColumns} pixels, but got {input}; "
                + "use a larger input.");
        return Shape.Volume(input.Channels,
            Extent(input.Height, Size.Rows, Stride.Rows, Padding.Rows), Extent(input.Width, Size.Columns, Stride.Columns, Padding.Columns));
    }

    protected sealed override InputWindow WindowOf(Shape input) => new(Size, Stride, Padding);

    /// <summary>Returns the windows of the forward and the backward pass.</summary>
    private protected PoolShape WindowsOf(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        return new(x.Stored.Channels, x.Stored.Height, x.Stored.Width, Size.Rows, Size.Columns, Stride.Rows, Stride.Columns,
            Padding.Rows, Padding.Columns, y.Stored.Height, y.Stored.Width,
            ChannelLanes.For(x.Stored.Channels, x.IsBFloat16 || y.IsBFloat16));
    }

    /// <summary>Fewest pixels that give one output.</summary>
    private int Least(int window, int stride, int padding) => Math.Max(1, window - 2 * padding - (CeilMode ? stride - 1 : 0));

    private int Extent(int extent, int window, int stride, int padding)
    {
        int span = extent + 2 * padding - window;
        int outputs = (CeilMode ? (span + stride - 1) / stride : span / stride) + 1;
        return (outputs - 1) * stride >= extent + padding ? outputs - 1 : outputs;
    }
}
