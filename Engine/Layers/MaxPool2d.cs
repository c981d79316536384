using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>The largest value of each window; padding never wins. The gradient goes to the first of the largest in row-major order.</summary>
public sealed class MaxPool2d : Pool2d
{
    /// <summary>Square windows.</summary>
    public MaxPool2d(int size, int stride, int padding = 0, bool ceilMode = false)
        : this((size, size), (stride, stride), (padding, padding), ceilMode) { }

    /// <summary>Windows of any size; pairs are (rows, columns).</summary>
    public MaxPool2d((int Rows, int Columns) size, (int Rows, int Columns) stride, (int Rows, int Columns) padding, bool ceilMode = false)
        : base(size, stride, padding, ceilMode) { }

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        CpuPoolShape shape = ShapeFor(x.Stored);
        PlanBuffer? winners = emitter.Training ? emitter.Saved("winners", sizeof(int) * y.Count) : null;
        emitter.Launch("forward", () => new CpuMaxPoolForward(
            shape, emitter.Images, x.Pointer, y.Pointer, winners == null ? null : (int*)winners.Address), x.Buffer, y.Buffer, winners);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        CpuTensor dy = emitter.OutputGradient;
        CpuPoolShape shape = ShapeFor(dx.Stored);
        PlanBuffer winners = emitter.Saved("winners", sizeof(int) * dy.Count);
        emitter.Launch("backward", () => new CpuMaxPoolBackward(
            shape, emitter.Images, dy.Pointer, (int*)winners.Address, dx.Pointer), dy.Buffer, winners, dx.Buffer);
    }

    public override void EmitForward(GpuEmitter emitter)
    {
        GpuTensor x = emitter.Input(), y = emitter.Output;
        PoolShape shape = WindowsOver(x.Stored);
        GpuBuffer<float>? winners = emitter.Training ? emitter.Saved<float>("winners", y.Count) : null;
        emitter.Launch("forward", launches => launches.Add(new MaxPoolForward(
            shape.Lanes, winners != null, x.View, y.View, winners?.View ?? default, shape, emitter.Images)), x.Buffer, y.Buffer, winners?.Buffer);
    }

    public override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        GpuTensor dy = emitter.OutputGradient;
        PoolShape shape = WindowsOver(dx.Stored);
        GpuBuffer<float> winners = emitter.Saved<float>("winners", dy.Count);
        emitter.Launch("backward", launches => launches.Add(new MaxPoolBackward(
            shape.Lanes, dy.View, winners.View, dx.View, shape, emitter.Images)), dy.Buffer, winners.Buffer, dx.Buffer);
    }
}
