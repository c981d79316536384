using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;

namespace GpuCnn.Tests.Kernels;

/// <summary>Runs launches at once, and a library's products on the host, where the buffers are between two launches.</summary>
internal readonly struct ImmediateLaunches(SampleDevice device) : IProductLaunches
{
    public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel => device.Run(kernel, groups);

    public void Add(in BlasProduct product) => HostProducts.Run(product);
}
