using GpuCnn.Engine.Devices;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Takes the largest value of each window; padding never wins. The gradient goes to the first largest value in row-major order.
/// </summary>
public sealed class MaxPool2d : Pool2d, IDeviceOperator
{
    /// <summary>Square windows.</summary>
    public MaxPool2d(int size, int stride, int padding = 0, bool ceilMode = false)
        : this((size, size), (stride, stride), (padding, padding), ceilMode) { }

    /// <summary>Windows of any size; pairs are (rows, columns).</summary>
    public MaxPool2d((int Rows, int Columns) size, (int Rows, int Columns) stride, (int Rows, int Columns) padding, bool ceilMode = false)
        : base(size, stride, padding, ceilMode) { }

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        PoolShape shape = WindowsOver(x.Stored);
        DeviceBuffer<int>? winners = emitter.SavesForBackward ? Winners(emitter, y) : null;
        emitter.Launch("forward",
            l => new CpuMaxPoolForward(CpuPoolShape.Of(shape), emitter.Images, l.Read(x), l.Write(y), l.Write(winners)),
            l => l.Add(new MaxPoolForward(
                shape.Lanes, winners is not null, l.Read(x), l.Write(y), l.Write(winners?.As<float>()), shape, emitter.Images)));
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor dy = emitter.OutputGradient;
        PoolShape shape = WindowsOver(dx.Stored);
        DeviceBuffer<int> winners = Winners(emitter, dy);
        emitter.Launch("backward",
            l => new CpuMaxPoolBackward(CpuPoolShape.Of(shape), emitter.Images, l.Read(dy), l.Read(winners), l.Write(dx)),
            l => l.Add(new MaxPoolBackward(shape.Lanes, l.Read(dy), l.Read(winners.As<float>()), l.Write(dx), shape, emitter.Images)));
    }

    private static DeviceBuffer<int> Winners(Emitter emitter, DeviceTensor output) => emitter.Saved<int>("winners", output.Count);
}
