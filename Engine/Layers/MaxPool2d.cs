using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
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

    public void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        PoolShape shape = WindowsOf(emitter);
        emitter.Branch(OnCpu, OnGpu);

        unsafe void OnCpu(CpuEmitter cpu)
        {
            DeviceBuffer<int>? winners = cpu.SavesForBackward ? Winners(cpu, y) : null;
            cpu.Launch("forward", l => new CpuMaxPoolForward(
                CpuPoolShape.Of(shape), cpu.Images, l.Read(x), l.Write(y), l.Write(winners)));
        }

        void OnGpu(GpuEmitter gpu)
        {
            DeviceBuffer<float>? winners = gpu.SavesForBackward ? Winners(gpu, shape, y) : null;
            gpu.Launch("forward", l => l.Add(new MaxPoolForward(
                shape.Lanes, winners is not null, PoolWinners.AreBytes(shape), x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y),
                l.Write(winners), shape, gpu.Images)));
        }
    }

    public void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor dy = emitter.OutputGradient;
        PoolShape shape = WindowsOf(emitter);
        emitter.Branch(OnCpu, OnGpu);

        unsafe void OnCpu(CpuEmitter cpu)
        {
            DeviceBuffer<int> winners = Winners(cpu, dy);
            cpu.Launch("backward", l => new CpuMaxPoolBackward(
                CpuPoolShape.Of(shape), cpu.Images, l.Read(dy), l.Read(winners), l.Write(dx)));
        }

        void OnGpu(GpuEmitter gpu)
        {
            DeviceBuffer<float> winners = Winners(gpu, shape, dy);
            gpu.Launch("backward", l => l.Add(new MaxPoolBackward(
                shape.Lanes, PoolWinners.AreBytes(shape), dy.IsBFloat16, dx.IsBFloat16, l.Read(dy), l.Read(winners), l.Write(dx), shape,
                gpu.Images)));
        }
    }

    private static DeviceBuffer<int> Winners(CpuEmitter emitter, DeviceTensor output) => emitter.Saved<int>("winners", output.Count);

    private static DeviceBuffer<float> Winners(GpuEmitter emitter, PoolShape shape, DeviceTensor output) =>
        emitter.Saved<float>("winners", PoolWinners.Floats(shape, output.Count));
}
