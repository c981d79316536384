namespace GpuCnn.Kernels.Language;

/// <summary>Selects the half of each function of this language that runs: C# or ILGPU.</summary>
public static class KernelTarget
{
    /// <summary>
    /// False in C#. The ILGPU compiler remaps the property to true, and constant folding then leaves only the half that ILGPU can compile.
    /// </summary>
    public static bool IsIlgpu => false;
}
