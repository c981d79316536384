using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>Which classes stand above the label: of equal scores the first comes first, and what is not a number is above all.</summary>
internal static class LabelRank
{
    /// <summary>
    /// Whether class <paramref name="k"/> with the score <paramref name="other"/> stands above the label, whose score is <paramref
    /// name="score"/>.
    /// </summary>
    public static bool IsAbove(float other, int k, float score, int label) =>
        KernelMath.IsNaN(other) || KernelMath.IsNaN(score) || other > score || other == score && k < label;
}
