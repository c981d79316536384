using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>One kernel to compile. Its text names the size of its groups, so that is part of what it is.</summary>
/// <param name="Name">The kernel's name in the text.</param>
/// <param name="Text">CUDA C++ 17, with the constants of an instance before it.</param>
/// <param name="Group">Threads of a group.</param>
/// <param name="Options">For NVRTC, separated by blanks, beside those that all kernels have.</param>
internal sealed record CudaSource(string Name, string Text, Size3 Group, string Options = "")
{
    /// <summary>
    /// What <c>a * b + c</c> means and which C++ it is must not change with NVRTC's defaults. Nothing that makes division, roots or
    /// small numbers less exact.
    /// </summary>
    private const string CommonOptions = "--std=c++17 --fmad=true";

    public static CudaSource Of<TKernel>(in TKernel kernel) where TKernel : struct, IKernel =>
        new(TKernel.Text.Name, KernelText.Source(kernel, KernelDialect.Cuda), kernel.GroupShape);

    /// <param name="target">Whose architecture comes first.</param>
    public string AllOptions(NvrtcTarget target) => $"{target.Option} {CommonOptions} {Options}".TrimEnd();
}
