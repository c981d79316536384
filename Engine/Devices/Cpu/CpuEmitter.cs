using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Emits an operator's steps that only the CPU device has.</summary>
public sealed class CpuEmitter : Emitter
{
    private readonly CpuBackend _backend;

    internal CpuEmitter(CpuBackend backend, PlanNode node, InputGradient[] targets) : base(backend, node, targets) => _backend = backend;

    /// <summary>Floats per vector of the device.</summary>
    public int VectorWidth => _backend.VectorWidth;

    /// <summary>Most chunks of a kernel that run at the same time.</summary>
    public int Threads => _backend.Threads;

    /// <summary>Reserves memory for the moments of the output's channels in parts of the batch, for readers of the output.</summary>
    public CpuMoments Gather(int parts) => Keep(MomentsOf(Output, parts));

    /// <summary>Reserves memory for the moments of a tensor's channels in parts of the batch.</summary>
    public CpuMoments MomentsOf(DeviceTensor tensor, int parts) =>
        new(Workspace<double>("moments", (long)tensor.BlockCount * parts * BlockMoments.Size), parts);

    /// <summary>Returns floats that are always zero.</summary>
    public DeviceBuffer<float> Zeros(int count) => _backend.Zeros(count);

    /// <inheritdoc cref="Emitter.Launch"/>
    public void Launch(string name, Func<CpuLaunch, ICpuKernel> make) => _backend.Launch(NameOf(name), make);

    /// <summary>Emits a convolution's pass with the algorithm that the plan's options name, else with the rule's.</summary>
    internal void Choose(ConvolutionShape shape, ConvolutionPass pass, Action<CpuConvolutionChoice> emit) =>
        _backend.Choose(shape, pass, emit);
}
