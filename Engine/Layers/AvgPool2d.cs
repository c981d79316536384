using GpuCnn.Engine.Devices;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>Averages each window. Padding counts as zeros, as in PyTorch, unless <see cref="CountPadding"/> is off.</summary>
public sealed class AvgPool2d : Pool2d, IDeviceOperator
{
    /// <summary>Square windows.</summary>
    public AvgPool2d(int size, int stride, int padding = 0, bool ceilMode = false, bool countPadding = true)
        : this((size, size), (stride, stride), (padding, padding), ceilMode, countPadding) { }

    /// <summary>Windows of any size; pairs are (rows, columns).</summary>
    public AvgPool2d(
        (int Rows, int Columns) size, (int Rows, int Columns) stride, (int Rows, int Columns) padding, bool ceilMode = false,
        bool countPadding = true)
        : base(size, stride, padding, ceilMode) => CountPadding = countPadding;

    public bool CountPadding { get; }

    public void EmitForward(Emitter emitter) => AveragePooling.EmitForward(emitter, WindowsOf(emitter), CountPadding);

    public void EmitBackward(Emitter emitter) => AveragePooling.EmitBackward(emitter, WindowsOf(emitter), CountPadding);
}

/// <summary>Emits average pooling over windows and over the whole map.</summary>
internal static unsafe class AveragePooling
{
    public static void EmitForward(Emitter emitter, PoolShape shape, bool countPadding)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward",
            l => new CpuAveragePoolForward(CpuPoolShape.Of(shape), emitter.Images, countPadding, l.Read(x), l.Write(y)),
            l => l.Add(new AveragePoolForward(
                shape.Lanes, AveragePoolForward.Slices(shape), countPadding, x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y), shape,
                emitter.Images)));
    }

    public static void EmitBackward(Emitter emitter, PoolShape shape, bool countPadding)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor dy = emitter.OutputGradient;
        emitter.Launch("backward",
            l => new CpuAveragePoolBackward(CpuPoolShape.Of(shape), emitter.Images, countPadding, l.Read(dy), l.Write(dx)),
            l => l.Add(new AveragePoolBackward(
                shape.Lanes, countPadding, dy.IsBFloat16, dx.IsBFloat16, l.Read(dy), l.Write(dx), shape, emitter.Images)));
    }
}
