using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Performs a step of Adam with decoupled weight decay in PyTorch's form:
/// w -= rate decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
/// w -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon), where t counts the run's steps from 1.
/// One pass over weights, gradients and both averages, four a thread. Memory-bound: 28 bytes a weight.
/// </summary>
/// <param name="scalars">[1] Gives the learning rate and the step.</param>
/// <param name="weights">[count]; updated.</param>
/// <param name="gradients">[count]</param>
/// <param name="means">[count] Average of the gradients; updated.</param>
/// <param name="squares">[count] Average of their squares; updated.</param>
/// <param name="decayed">Weights from the start that decay, a multiple of 4; the others have a decay of 0.</param>
/// <param name="betas">Decay rates of the averages.</param>
[Kernel(256)]
internal readonly partial struct AdamWUpdate(
    ReadOnlyView<StepScalars> scalars, View<float> weights, ReadOnlyView<float> gradients, View<float> means, View<float> squares,
    int count, int decayed, AdamBetas betas, float epsilon, float decay) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        // By way of a signed number: ILGPU converts unsigned ones through float64, which many devices lack.
        float t = (float)(int)scalars[0].Step + 1f, rate = scalars[0].LearningRate;
        float keep = KernelMath.FusedMultiplyAdd(-rate, i < decayed ? decay : 0f, 1f);
        float step = -rate / Correction(t * betas.Log1), scale = 1f / KernelMath.Sqrt(Correction(t * betas.Log2));
        if (i + 4 <= count)
        {
            Float4 w = weights.Load4(i), g = gradients.Load4(i), m = means.Load4(i), v = squares.Load4(i);
            (w.X, m.X, v.X) = Step(w.X * keep, g.X, m.X, v.X, step, scale, betas, epsilon);
            (w.Y, m.Y, v.Y) = Step(w.Y * keep, g.Y, m.Y, v.Y, step, scale, betas, epsilon);
            (w.Z, m.Z, v.Z) = Step(w.Z * keep, g.Z, m.Z, v.Z, step, scale, betas, epsilon);
            (w.W, m.W, v.W) = Step(w.W * keep, g.W, m.W, v.W, step, scale, betas, epsilon);
            weights.Store4(i, w);
            means.Store4(i, m);
            squares.Store4(i, v);
            return;
        }
        for (; i < count; i++)
            (weights[i], means[i], squares[i]) = Step(weights[i] * keep, gradients[i], means[i], squares[i], step, scale, betas, epsilon);
    }

    private static (float Weight, float Mean, float Square) Step(
        float w, float g, float m, float v, float step, float scale, AdamBetas betas, float epsilon)
    {
        m = KernelMath.FusedMultiplyAdd(betas.Gain1, g - m, m);
        v = KernelMath.FusedMultiplyAdd(betas.Beta2, v, betas.Gain2 * (g * g));
        float denominator = KernelMath.FusedMultiplyAdd(KernelMath.Sqrt(v), scale, epsilon);
        return (KernelMath.FusedMultiplyAdd(step, m / denominator, w), m, v);
    }

    /// <summary>Computes 1 - e^x for x below 0. Near 0, where that would cancel, it uses the series of e^x - 1.</summary>
    private static float Correction(float x)
    {
        if (x < -0.5f) return 1f - KernelMath.Exp(x);
        float sum = 1f;
        for (int n = 10; n > 1; n--) sum = KernelMath.FusedMultiplyAdd(sum, x / n, 1f);
        return -x * sum;
    }
}

/// <summary>Decay rates of Adam's two averages, in the forms that a step needs.</summary>
/// <param name="Log1">ln b1, so that b1^t is exp(t ln b1).</param>
/// <param name="Gain1">1 - b1</param>
/// <param name="Log2">ln b2</param>
/// <param name="Beta2">b2</param>
/// <param name="Gain2">1 - b2</param>
internal readonly record struct AdamBetas(float Log1, float Gain1, float Log2, float Beta2, float Gain2)
{
    // e^-100 is negligible beside 1, and a finite logarithm stands for b = 0.
    private const double LeastLog = -100;

    public static AdamBetas Of(double beta1, double beta2) => new(
        (float)Math.Max(Math.Log(beta1), LeastLog), (float)(1 - beta1), (float)Math.Max(Math.Log(beta2), LeastLog), (float)beta2,
        (float)(1 - beta2));
}
