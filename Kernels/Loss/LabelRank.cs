using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>Ranks classes relative to the label. Equal scores rank by class number, and NaN ranks above all.</summary>
internal static class LabelRank
{
    /// <summary>
    /// Returns whether class <paramref name="k"/> with the score <paramref name="other"/> ranks above the label with <paramref
    /// name="score"/>.
    /// </summary>
    public static bool IsAbove(float other, int k, float score, int label) =>
        KernelMath.IsNaN(other) || KernelMath.IsNaN(score) || other > score || other == score && k < label;
}
