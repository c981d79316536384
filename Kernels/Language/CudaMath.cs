namespace GpuCnn.Kernels.Language;

/// <summary>Functions that NVIDIA GPUs have as one or two instructions, with errors of some units in the last place.</summary>
public static class CudaMath
{
    [CudaFunction("__expf({0})")]
    public static float FastExp(float x) => MathF.Exp(x);

    /// <summary>x / y; 0 where y is above 2^126.</summary>
    [CudaFunction("__fdividef({0}, {1})")]
    public static float FastDivide(float x, float y) => x / y;
}
