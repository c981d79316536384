using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>A language that ILGPU compiles kernels to.</summary>
public enum IlgpuLanguage
{
    /// <summary>NVIDIA's PTX, for compute capability 9.0.</summary>
    Ptx,

    /// <summary>OpenCL C 2.0.</summary>
    OpenCl,
}

/// <summary>Shows what ILGPU makes of a kernel; needs no device.</summary>
public static class IlgpuText
{
    /// <summary>Returns the text for a driver.</summary>
    /// <exception cref="KernelBuildException">ILGPU cannot compile the kernel.</exception>
    public static string Of<TKernel>(in TKernel kernel, IlgpuLanguage language) where TKernel : struct, IKernel
    {
        using var compiler = new IlgpuCompiler(language == IlgpuLanguage.Ptx ? PtxTarget.Newest : OpenClTarget.Any, new BinaryCache(null));
        return compiler.Compile(kernel);
    }
}
