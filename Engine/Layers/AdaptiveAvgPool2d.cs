using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Means over as many bins as the output has pixels, whatever the size of the input: C x H x W to C x rows x columns. The bins are PyTorch's: output row p covers input rows
/// floor(p H / rows) to ceil((p + 1) H / rows) - 1, and columns alike.
/// </summary>
public sealed class AdaptiveAvgPool2d : UnaryOperator
{
    public AdaptiveAvgPool2d(int rows, int columns)
    {
        if (rows < 1 || columns < 1) throw new ArgumentException($"AdaptiveAvgPool2d expects a positive number of rows and columns, but got {rows}x{columns}.");
        Rows = rows;
        Columns = columns;
    }

    public int Rows { get; }

    public int Columns { get; }

    protected override Shape InferShape(Shape input) => input.IsVector
        ? throw new GpuCnnException($"AdaptiveAvgPool2d {Rows}x{Columns} expects a volume CxHxW, but got a vector of {input}.")
        : Shape.Volume(input.Channels, Rows, Columns);

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        (AdaptiveBins rows, AdaptiveBins columns) = Bins(x.Stored);
        emitter.Launch("forward", () => new CpuAdaptiveAveragePoolForward(x.Images * x.BlockCount, rows, columns, x.Pointer, y.Pointer), x.Buffer, y.Buffer);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        CpuTensor dy = emitter.OutputGradient;
        (AdaptiveBins rows, AdaptiveBins columns) = Bins(dx.Stored);
        emitter.Launch("backward", () => new CpuAdaptiveAveragePoolBackward(dx.Images * dx.BlockCount, rows, columns, dy.Pointer, dx.Pointer), dy.Buffer, dx.Buffer);
    }

    public override void EmitForward(GpuEmitter emitter)
    {
        GpuTensor x = emitter.Input(), y = emitter.Output;
        (AdaptiveBins rows, AdaptiveBins columns) = Bins(x.Stored);
        emitter.Launch("forward", launches => launches.Add(
            new AdaptiveAveragePoolForward(x.View, y.View, rows, columns, new(x.Stored.Channels), x.Images)), x.Buffer, y.Buffer);
    }

    public override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        GpuTensor dy = emitter.OutputGradient;
        (AdaptiveBins rows, AdaptiveBins columns) = Bins(dx.Stored);
        emitter.Launch("backward", launches => launches.Add(
            new AdaptiveAveragePoolBackward(dy.View, dx.View, rows, columns, new(dx.Stored.Channels), dx.Images)), dy.Buffer, dx.Buffer);
    }

    private (AdaptiveBins Rows, AdaptiveBins Columns) Bins(Shape input) => (new(input.Height, Rows), new(input.Width, Columns));
}
