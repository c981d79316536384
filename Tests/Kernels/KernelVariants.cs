using GpuCnn.Tests.Compiler;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// Which of a kernel's variants run on a device: as C#, and on ILGPU's CPU accelerator, all. An OpenCL device on a processor takes a second
/// to compile one whose loops are unrolled, and the texts differ in their constants alone: there
/// the first.
/// </summary>
internal static class KernelVariants<TDevice> where TDevice : SampleDevice
{
    public static IEnumerable<T> Of<T>(IEnumerable<T> variants) => typeof(TDevice) == typeof(DebugSampleDevice)
        || typeof(TDevice) == typeof(IlgpuCpuSampleDevice) ? variants : variants.Take(1);
}
