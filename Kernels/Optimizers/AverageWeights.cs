using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Moves an average towards the weights, after an update: average += share (weight - average); the run's first step copies. Four a thread;
/// memory-bound: 12 bytes a weight.
/// </summary>
/// <param name="scalars">[1] Gives the step.</param>
/// <param name="weights">[count]</param>
/// <param name="averages">[count]; updated.</param>
/// <param name="count">A multiple of 4.</param>
/// <param name="share">1 - decay.</param>
[Kernel(256)]
internal readonly partial struct AverageWeights(
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> weights, View<float> averages, int count, float share) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i >= count) return;
        Float4 w = weights.Load4(i);
        if ((int)scalars[0].Step != 0)
        {
            Float4 average = averages.Load4(i);
            w.X = KernelMath.FusedMultiplyAdd(share, w.X - average.X, average.X);
            w.Y = KernelMath.FusedMultiplyAdd(share, w.Y - average.Y, average.Y);
            w.Z = KernelMath.FusedMultiplyAdd(share, w.Z - average.Z, average.Z);
            w.W = KernelMath.FusedMultiplyAdd(share, w.W - average.W, average.W);
        }
        averages.Store4(i, w);
    }
}
