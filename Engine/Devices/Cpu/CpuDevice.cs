using System.Runtime.InteropServices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>The processor: SIMD kernels in C#, on the device's own threads. Results have the same bits for any number of threads.</summary>
public sealed class CpuDevice : Device
{
    private long _allocated;

    /// <param name="threads">Number of threads; by default one per core.</param>
    /// <param name="vectorWidth">Floats per vector, 8 or 16; by default the widest that the machine runs at full speed.</param>
    public CpuDevice(int? threads = null, int? vectorWidth = null)
    {
        int count = threads ?? Environment.ProcessorCount;
        if (count is < 1 or > 1024) throw new GpuCnnException($"The cpu device expects 1 to 1024 threads, but got {count}.");
        VectorWidth = vectorWidth ?? Blocks.VectorWidth;
        if (VectorWidth is not (8 or 16))
            throw new ArgumentOutOfRangeException(nameof(vectorWidth), vectorWidth, "A vector has 8 or 16 floats.");
        Pool = new WorkerPool(count);
    }

    public override string Name => "cpu";

    public override string Description =>
        $"{RuntimeInformation.ProcessArchitecture}, {Pool.Threads} thread{(Pool.Threads == 1 ? "" : "s")}, {32 * VectorWidth}-bit vectors";

    public override long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public override long? FreeBytes => HostMemory.FreeBytes;

    public int Threads => Pool.Threads;

    public int VectorWidth { get; }

    public override long AllocatedBytes => Interlocked.Read(ref _allocated);

    internal WorkerPool Pool { get; }

    public override ParameterStore CreateParameters(Network network, bool training, bool inputGradient = false)
    {
        var layouts = new CpuLayouts(network, inputGradient);
        return new DeviceParameterStore(network, this, training,
            parameter => IDeviceOperator.Of(parameter.Node.Operator).LayOut(
                parameter.Spec, layouts.Describe(parameter.Node.Inputs[0], training: true), VectorWidth))
        { InputGradient = inputGradient };
    }

    internal override PlanBackend CreateBackend(DeviceParameterStore parameters, PlanOptions options) =>
        new CpuBackend(this, parameters, options);

    internal override CpuMemory Allocate(long bytes, string what, bool zeroed = true)
    {
        var memory = new CpuMemory(this, bytes, what);
        Interlocked.Add(ref _allocated, bytes);
        return memory;
    }

    internal void Release(long bytes) => Interlocked.Add(ref _allocated, -bytes);

    public override void Dispose() => Pool.Dispose();
}
