using ILGPU;
using ILGPU.Runtime;

namespace GpuCnn.Kernels.Language;

/// <summary>What views do on ILGPU's side.</summary>
internal static class IlgpuViews
{
    /// <summary>A part of a view; of an empty one, as other devices have it, the empty one.</summary>
    public static ArrayView<T> Slice<T>(ArrayView<T> elements, int start, int length) where T : unmanaged =>
        KernelTarget.IsIlgpu || elements.IsValid ? elements.SubView(start, length) : default;

    /// <summary>
    /// Two or four floats as one element, whose address is a multiple of its size: only with that promise does ILGPU load and store them at
    /// once.
    /// </summary>
    public static ref TVector Vector<TVector>(ArrayView<float> elements, int index) where TVector : unmanaged =>
        ref elements.SubView(index, Interop.SizeOf<TVector>() / sizeof(float)).AsAligned(Interop.SizeOf<TVector>()).Cast<TVector>()[0];
}
