using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>What an operator emits the CPU device's own steps through.</summary>
public sealed class CpuEmitter : Emitter
{
    private readonly CpuBackend _backend;

    internal CpuEmitter(CpuBackend backend, PlanNode node, InputGradient[] targets) : base(backend, node, targets) => _backend = backend;

    /// <summary>Floats of the device's vectors.</summary>
    public int VectorWidth => _backend.VectorWidth;

    /// <summary>Chunks of a kernel that may run at the same time.</summary>
    public int Threads => _backend.Threads;

    /// <summary>Makes room for the moments of the output's channels in so many parts of the batch, for the readers of the output to find.</summary>
    public CpuMoments Gather(int parts) => Keep(MomentsOf(Output, parts));

    /// <summary>Room for the moments of a tensor's channels in so many parts of the batch.</summary>
    public CpuMoments MomentsOf(DeviceTensor tensor, int parts) =>
        new(Workspace<double>("moments", (long)tensor.BlockCount * parts * BlockMoments.Size), parts);

    /// <summary>Floats that are always zero.</summary>
    public DeviceBuffer<float> Zeros(int count) => _backend.Zeros(count);

    /// <inheritdoc cref="Emitter.Launch"/>
    public void Launch(string name, Func<CpuLaunch, ICpuKernel> make) => _backend.Launch(NameOf(name), make);

    /// <summary>Emits a convolution's pass by the algorithm that the plan is given for it, or that a fixed rule says.</summary>
    internal void Choose(ConvolutionShape shape, ConvolutionPass pass, Action<CpuConvolutionChoice> emit) => _backend.Choose(shape, pass, emit);
}
