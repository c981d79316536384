namespace GpuCnn.Kernels.Language;

/// <summary>Tells the bodies of this language which of their two halves runs.</summary>
public static class KernelTarget
{
    /// <summary>
    /// False in C#. Whoever has ILGPU compile a kernel remaps the property to true; constant folding then leaves only the half that ILGPU
    /// can compile.
    /// </summary>
    public static bool IsIlgpu => false;
}
