using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>A batch's part in the gradient of an update.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GradientPart
{
    /// <summary>The batch's share of the update's images.</summary>
    public float Share;

    /// <summary>1 if the update has earlier batches; 0 starts a new sum.</summary>
    public int Continues;
}

/// <summary>
/// Adds the gradients of a batch to those of the update's earlier batches: sum = share g, or sum + share g; g = sum. So after the last
/// batch the gradients are the mean over all images. Four a thread; memory-bound: 16 bytes a weight.
/// </summary>
/// <param name="part">[1]</param>
/// <param name="gradients">[count]; updated.</param>
/// <param name="sums">[count]; updated.</param>
/// <param name="count">A multiple of 4.</param>
[Kernel(256)]
internal readonly partial struct AccumulateGradients(
    ReadOnlyView<GradientPart> part, View<float> gradients, View<float> sums, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i >= count) return;
        float share = part[0].Share;
        Float4 g = gradients.Load4(i);
        if (part[0].Continues == 0)
        {
            g.X *= share;
            g.Y *= share;
            g.Z *= share;
            g.W *= share;
        }
        else
        {
            Float4 sum = sums.Load4(i);
            g.X = KernelMath.FusedMultiplyAdd(share, g.X, sum.X);
            g.Y = KernelMath.FusedMultiplyAdd(share, g.Y, sum.Y);
            g.Z = KernelMath.FusedMultiplyAdd(share, g.Z, sum.Z);
            g.W = KernelMath.FusedMultiplyAdd(share, g.W, sum.W);
        }
        sums.Store4(i, g);
        gradients.Store4(i, g);
    }
}
