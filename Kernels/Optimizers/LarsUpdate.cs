using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Sums the squares of a tensor's weights and of its gradient in parts: each group takes blocks of 256 at a fixed distance and writes two
/// sums. The order of summation follows from the count alone. Memory-bound: 8 bytes a weight.
/// </summary>
/// <param name="weights">[count]</param>
/// <param name="gradients">[count]</param>
/// <param name="parts">[groups][2]; overwritten.</param>
/// <param name="groups">See <see cref="Parts"/>.</param>
[Kernel(Width)]
internal readonly partial struct LarsNorms(
    ReadOnlyView<float> weights, ReadOnlyView<float> gradients, View<float> parts, int count, int groups) : IKernelGrid
{
    private const int Width = 256, LongestRun = 32;

    /// <summary>
    /// Returns the number of groups for a tensor: enough that a thread takes at most 32 weights, but no more than <see cref="LarsRate"/>
    /// adds at once.
    /// </summary>
    public static int Parts(int count) => Math.Min(Size3.Groups(count, Width * LongestRun), Width);

    public Size3 Groups => new(groups);

    public void Execute()
    {
        View<float> w = Shared.Array<float>(Width), g = Shared.Array<float>(Width);
        int thread = ThreadId.X;
        float weightSum = 0f, gradientSum = 0f;
        for (int i = GlobalId.X; i < count; i += groups * Width)
        {
            weightSum = KernelMath.FusedMultiplyAdd(weights[i], weights[i], weightSum);
            gradientSum = KernelMath.FusedMultiplyAdd(gradients[i], gradients[i], gradientSum);
        }
        w[thread] = weightSum;
        g[thread] = gradientSum;
        Group.Barrier();
        for (int half = Width / 2; half > 0; half /= 2)
        {
            if (thread < half)
            {
                w[thread] += w[thread + half];
                g[thread] += g[thread + half];
            }
            Group.Barrier();
        }
        if (thread > 0) return;
        parts[2 * GroupId.X] = w[0];
        parts[2 * GroupId.X + 1] = g[0];
    }
}

/// <summary>
/// Computes the factor of a tensor's rate from the parts of its norms, trust |w| / (|g| + decay |w| + epsilon), and its decay. If a norm is
/// 0, the factor is 1 and there is no decay. One group.
/// </summary>
/// <param name="parts">[count][2] of <see cref="LarsNorms"/>.</param>
/// <param name="result">[2] Factor and decay; overwritten.</param>
/// <param name="count">Number of parts, up to 256.</param>
[Kernel(Width)]
internal readonly partial struct LarsRate(
    ReadOnlyView<float> parts, View<float> result, int count, float trust, float decay, float epsilon) : IKernelGrid
{
    private const int Width = 256;

    public Size3 Groups => new(1);

    public void Execute()
    {
        View<float> w = Shared.Array<float>(Width), g = Shared.Array<float>(Width);
        int thread = ThreadId.X;
        w[thread] = thread < count ? parts[2 * thread] : 0f;
        g[thread] = thread < count ? parts[2 * thread + 1] : 0f;
        Group.Barrier();
        for (int half = Width / 2; half > 0; half /= 2)
        {
            if (thread < half)
            {
                w[thread] += w[thread + half];
                g[thread] += g[thread + half];
            }
            Group.Barrier();
        }
        if (thread > 0) return;
        float weight = KernelMath.Sqrt(w[0]), gradient = KernelMath.Sqrt(g[0]);
        bool adapts = weight > 0f && gradient > 0f;
        result[0] = adapts ? trust * weight / (gradient + decay * weight + epsilon) : 1f;
        result[1] = adapts ? decay : 0f;
    }
}

/// <summary>
/// Performs a step of layer-wise adaptive rate scaling: g = factor (g + decay w); v = momentum v + g; w -= rate v. Memory-bound: 20 bytes a
/// weight.
/// </summary>
/// <param name="scalars">[1] Gives the learning rate.</param>
/// <param name="local">[2] of <see cref="LarsRate"/>.</param>
/// <param name="weights">[count]; updated.</param>
/// <param name="gradients">[count]</param>
/// <param name="velocities">[count]; updated.</param>
[Kernel(256)]
internal readonly partial struct LarsUpdate(
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> local, View<float> weights, ReadOnlyView<float> gradients,
    View<float> velocities, int count, float momentum) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 256));

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        float gradient = local[0] * KernelMath.FusedMultiplyAdd(local[1], weights[i], gradients[i]);
        float velocity = KernelMath.FusedMultiplyAdd(momentum, velocities[i], gradient);
        velocities[i] = velocity;
        weights[i] = KernelMath.FusedMultiplyAdd(-scalars[0].LearningRate, velocity, weights[i]);
    }
}
