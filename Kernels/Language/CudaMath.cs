namespace GpuCnn.Kernels.Language;

/// <summary>Functions that NVIDIA GPUs compute in one or two instructions, with an error of a few units in the last place.</summary>
public static class CudaMath
{
    [CudaFunction("__expf({0})")]
    public static float FastExp(float x) => MathF.Exp(x);

    /// <summary>Computes x / y, or 0 if y is above 2^126.</summary>
    [CudaFunction("__fdividef({0}, {1})")]
    public static float FastDivide(float x, float y) => x / y;
}
