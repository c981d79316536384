using ILGPU;
using ILGPU.Runtime;

namespace GpuCnn.Kernels.Language;

/// <summary>Operations of views when ILGPU compiles the kernel.</summary>
internal static class IlgpuViews
{
    /// <summary>Takes a part of a view. On other devices the view is empty, and so is the part.</summary>
    public static ArrayView<T> Slice<T>(ArrayView<T> elements, int start, int length) where T : unmanaged =>
        KernelTarget.IsIlgpu || elements.IsValid ? elements.SubView(start, length) : default;

    /// <summary>
    /// Accesses two or four floats as one element aligned to its size. ILGPU needs that promise to load and store them at once.
    /// </summary>
    public static ref TVector Vector<TVector>(ArrayView<float> elements, int index) where TVector : unmanaged =>
        ref elements.SubView(index, Interop.SizeOf<TVector>() / sizeof(float)).AsAligned(Interop.SizeOf<TVector>()).Cast<TVector>()[0];
}
