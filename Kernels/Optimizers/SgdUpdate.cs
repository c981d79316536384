using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Performs a step of stochastic gradient descent with momentum in PyTorch's form: g += decay w; v = momentum v + g; w -= rate (nesterov ?
/// g + momentum v : v). One pass over weights, gradients and velocities, four a thread; the same bits as on the CPU. Memory-bound: 20 bytes
/// a weight.
/// </summary>
/// <param name="scalars">[1] Gives the learning rate.</param>
/// <param name="weights">[count]; updated.</param>
/// <param name="gradients">[count]</param>
/// <param name="velocities">[count]; updated.</param>
/// <param name="decayed">Weights from the start that decay, a multiple of 4; the others have a decay of 0.</param>
[Kernel(256)]
internal readonly partial struct SgdUpdate(
    [Specialization] Flag nesterov, ReadOnlyView<StepScalars> scalars, View<float> weights, ReadOnlyView<float> gradients,
    View<float> velocities, int count, int decayed, float momentum, float decay) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        float rate = scalars[0].LearningRate, own = i < decayed ? decay : 0f;
        if (i + 4 <= count)
        {
            Float4 w = weights.Load4(i), g = gradients.Load4(i), v = velocities.Load4(i);
            (w.X, v.X) = Step(w.X, g.X, v.X, rate, momentum, own, nesterov);
            (w.Y, v.Y) = Step(w.Y, g.Y, v.Y, rate, momentum, own, nesterov);
            (w.Z, v.Z) = Step(w.Z, g.Z, v.Z, rate, momentum, own, nesterov);
            (w.W, v.W) = Step(w.W, g.W, v.W, rate, momentum, own, nesterov);
            weights.Store4(i, w);
            velocities.Store4(i, v);
            return;
        }
        for (; i < count; i++) (weights[i], velocities[i]) = Step(weights[i], gradients[i], velocities[i], rate, momentum, own, nesterov);
    }

    private static (float Weight, float Velocity) Step(float w, float g, float v, float rate, float momentum, float decay, bool nesterov)
    {
        g = KernelMath.FusedMultiplyAdd(decay, w, g);
        v = KernelMath.FusedMultiplyAdd(momentum, v, g);
        return (KernelMath.FusedMultiplyAdd(-rate, nesterov ? KernelMath.FusedMultiplyAdd(momentum, v, g) : v, w), v);
    }
}
