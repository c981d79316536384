using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>One kernel to compile. The group size is a part of its identity, because the text contains it.</summary>
/// <param name="Name">The kernel's name in the text.</param>
/// <param name="Text">CUDA C++ 17, preceded by the constants of an instance.</param>
/// <param name="Group">Threads of a group.</param>
/// <param name="SharedBytes">Shared memory that a launch gives to each group, besides what the text declares.</param>
/// <param name="Options">Extra options for NVRTC, separated by spaces.</param>
internal sealed record CudaSource(string Name, string Text, Size3 Group, int SharedBytes = 0, string Options = "")
{
    /// <summary>
    /// Fixes the C++ version and whether <c>a * b + c</c> fuses, which must not change with NVRTC's defaults. No option makes division,
    /// roots or denormals less exact.
    /// </summary>
    private const string CommonOptions = "--std=c++17 --fmad=true";

    public static CudaSource Of<TKernel>(in TKernel kernel) where TKernel : struct, IKernel =>
        new(TKernel.Text.Name, KernelText.Source(kernel, KernelDialect.Cuda), kernel.GroupShape, kernel.SharedBytes);

    /// <param name="target">Its architecture comes first.</param>
    public string AllOptions(NvrtcTarget target) => $"{target.Option} {CommonOptions} {Options}".TrimEnd();
}
