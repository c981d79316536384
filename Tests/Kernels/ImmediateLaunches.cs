using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;

namespace GpuCnn.Tests.Kernels;

/// <summary>Runs launches as they come.</summary>
internal readonly struct ImmediateLaunches(SampleDevice device) : IKernelLaunches
{
    public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel => device.Run(kernel, groups);
}
