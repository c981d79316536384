using GpuCnn.Tests.Compiler;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// Selects the variants of a kernel to run on a device. C# and ILGPU's CPU accelerator run all. An OpenCL device on a processor takes a
/// second to compile a variant with unrolled loops, and the texts differ only in their constants, so it runs the first.
/// </summary>
internal static class KernelVariants<TDevice> where TDevice : SampleDevice
{
    public static IEnumerable<T> Of<T>(IEnumerable<T> variants) => typeof(TDevice) == typeof(DebugSampleDevice)
        || typeof(TDevice) == typeof(IlgpuCpuSampleDevice) ? variants : variants.Take(1);
}
