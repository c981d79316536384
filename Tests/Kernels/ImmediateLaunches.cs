using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;

namespace GpuCnn.Tests.Kernels;

/// <summary>Runs launches as they come, and remembers of which kernels they were.</summary>
internal readonly struct ImmediateLaunches(SampleDevice device) : IKernelLaunches
{
    public List<string> Names { get; } = [];

    public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel
    {
        Names.Add(TKernel.Text.Name);
        device.Run(kernel, groups);
    }
}
