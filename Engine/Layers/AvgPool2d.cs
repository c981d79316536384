using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>The mean of each window. Padding counts as zeros, as in PyTorch, unless <see cref="CountPadding"/> is off.</summary>
public sealed class AvgPool2d : Pool2d
{
    /// <summary>Square windows.</summary>
    public AvgPool2d(int size, int stride, int padding = 0, bool ceilMode = false, bool countPadding = true)
        : this((size, size), (stride, stride), (padding, padding), ceilMode, countPadding) { }

    /// <summary>Windows of any size; pairs are (rows, columns).</summary>
    public AvgPool2d((int Rows, int Columns) size, (int Rows, int Columns) stride, (int Rows, int Columns) padding, bool ceilMode = false, bool countPadding = true)
        : base(size, stride, padding, ceilMode) => CountPadding = countPadding;

    public bool CountPadding { get; }

    public override void EmitForward(CpuEmitter emitter) => AveragePooling.EmitForward(emitter, ShapeFor(emitter.Input().Stored), CountPadding);

    public override void EmitBackward(CpuEmitter emitter) => AveragePooling.EmitBackward(emitter, ShapeFor(emitter.Input().Stored), CountPadding);

    public override void EmitForward(GpuEmitter emitter) => AveragePooling.EmitForward(emitter, WindowsOver(emitter.Input().Stored), CountPadding);

    public override void EmitBackward(GpuEmitter emitter) => AveragePooling.EmitBackward(emitter, WindowsOver(emitter.Input().Stored), CountPadding);
}

/// <summary>What average pooling over windows and over the whole map emit.</summary>
internal static unsafe class AveragePooling
{
    public static void EmitForward(CpuEmitter emitter, CpuPoolShape shape, bool countPadding)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", () => new CpuAveragePoolForward(shape, emitter.Images, countPadding, x.Pointer, y.Pointer), x.Buffer, y.Buffer);
    }

    public static void EmitBackward(CpuEmitter emitter, CpuPoolShape shape, bool countPadding)
    {
        if (emitter.InputGradient() is not { } dx) return;
        CpuTensor dy = emitter.OutputGradient;
        emitter.Launch("backward", () => new CpuAveragePoolBackward(shape, emitter.Images, countPadding, dy.Pointer, dx.Pointer), dy.Buffer, dx.Buffer);
    }

    public static void EmitForward(GpuEmitter emitter, PoolShape shape, bool countPadding)
    {
        GpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", launches => launches.Add(new AveragePoolForward(
            shape.Lanes, AveragePoolForward.Slices(shape), countPadding, x.View, y.View, shape, emitter.Images)), x.Buffer, y.Buffer);
    }

    public static void EmitBackward(GpuEmitter emitter, PoolShape shape, bool countPadding)
    {
        if (emitter.InputGradient() is not { } dx) return;
        GpuTensor dy = emitter.OutputGradient;
        emitter.Launch("backward", launches => launches.Add(new AveragePoolBackward(
            shape.Lanes, countPadding, dy.View, dx.View, shape, emitter.Images)), dy.Buffer, dx.Buffer);
    }
}
