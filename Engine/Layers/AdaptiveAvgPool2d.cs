using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Averages over as many bins as the output has pixels, for any input size: C x H x W to C x rows x columns. The bins are PyTorch's: output
/// row p covers input rows floor(p H / rows) to ceil((p + 1) H / rows) - 1, and columns likewise.
/// </summary>
public sealed class AdaptiveAvgPool2d : UnaryOperator, IDeviceOperator
{
    public AdaptiveAvgPool2d(int rows, int columns)
    {
        if (rows < 1 || columns < 1)
            throw new ArgumentException($"AdaptiveAvgPool2d expects a positive number of rows and columns, but got {rows}x{columns}.");
        Rows = rows;
        Columns = columns;
    }

    public int Rows { get; }

    public int Columns { get; }

    protected override Shape InferShape(Shape input) => input.IsVector
        ? throw new GpuCnnException($"AdaptiveAvgPool2d {Rows}x{Columns} expects a volume CxHxW, but got a vector of {input}.")
        : Shape.Volume(input.Channels, Rows, Columns);

    /// <summary>The largest bin. Where the bins differ, their distance is rounded down.</summary>
    protected override InputWindow WindowOf(Shape input) => new((LargestBin(Bins(input).Rows), LargestBin(Bins(input).Columns)),
        (Math.Max(1, input.Height / Rows), Math.Max(1, input.Width / Columns)), (0, 0));

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        (AdaptiveBins rows, AdaptiveBins columns) = Bins(x.Stored);
        emitter.Launch("forward",
            l => new CpuAdaptiveAveragePoolForward(x.Images * x.BlockCount, rows, columns, l.Read(x), l.Write(y)),
            l => l.Add(AdaptiveAveragePoolForward.Of(
                x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y), rows, columns, x.Stored.Channels, x.Images)));
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor dy = emitter.OutputGradient;
        (AdaptiveBins rows, AdaptiveBins columns) = Bins(dx.Stored);
        emitter.Launch("backward",
            l => new CpuAdaptiveAveragePoolBackward(dx.Images * dx.BlockCount, rows, columns, l.Read(dy), l.Write(dx)),
            l => l.Add(AdaptiveAveragePoolBackward.Of(
                dy.IsBFloat16, dx.IsBFloat16, l.Read(dy), l.Write(dx), rows, columns, dx.Stored.Channels, dx.Images)));
    }

    private static int LargestBin(AdaptiveBins bins) => Enumerable.Range(0, bins.Bins).Max(bin =>
    {
        (int first, int last) = bins.PixelsOf(bin);
        return last - first;
    });

    private (AdaptiveBins Rows, AdaptiveBins Columns) Bins(Shape input) => (new(input.Height, Rows), new(input.Width, Columns));
}
