using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Sums the squares of all gradients in parts: each group takes blocks of 1024 at a fixed distance and writes one sum. The order of
/// summation follows from the count alone. Memory-bound: 4 bytes a weight.
/// </summary>
/// <param name="gradients">[count]</param>
/// <param name="parts">[groups]; overwritten.</param>
/// <param name="count">A multiple of 4.</param>
/// <param name="groups">See <see cref="Parts"/>.</param>
[Kernel(Width)]
internal readonly partial struct GradientNorm(ReadOnlyView<float> gradients, View<float> parts, int count, int groups) : IKernelGrid
{
    private const int Width = 256, LongestRun = 8, MostGroups = 1024;

    /// <summary>Returns the number of groups: enough that a thread takes at most 8 times 4 gradients, but no more than 1024.</summary>
    public static int Parts(int count) => Math.Min(Size3.Groups(count, 4 * Width * LongestRun), MostGroups);

    public Size3 Groups => new(groups);

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(Width);
        int thread = ThreadId.X, blocks = count >> 2;
        float x = 0f, y = 0f, z = 0f, w = 0f;
        for (int i = GlobalId.X; i < blocks; i += groups * Width)
        {
            Float4 g = gradients.Load4(i * 4);
            x = KernelMath.FusedMultiplyAdd(g.X, g.X, x);
            y = KernelMath.FusedMultiplyAdd(g.Y, g.Y, y);
            z = KernelMath.FusedMultiplyAdd(g.Z, g.Z, z);
            w = KernelMath.FusedMultiplyAdd(g.W, g.W, w);
        }
        sums[thread] = (x + y) + (z + w);
        Group.Barrier();
        for (int half = Width / 2; half > 0; half /= 2)
        {
            if (thread < half) sums[thread] += sums[thread + half];
            Group.Barrier();
        }
        if (thread == 0) parts[GroupId.X] = sums[0];
    }
}

/// <summary>
/// Computes the factor that brings the norm of all gradients down to a limit, min(1, limit / (norm + 1e-6)), as PyTorch's clip_grad_norm_
/// does. A norm that is not a number gives a factor that is not. One group.
/// </summary>
/// <param name="parts">[count] of <see cref="GradientNorm"/>.</param>
/// <param name="factor">[1]; overwritten.</param>
[Kernel(Width)]
internal readonly partial struct GradientFactor(ReadOnlyView<float> parts, View<float> factor, int count, float limit) : IKernelGrid
{
    private const int Width = 256;

    public Size3 Groups => new(1);

    public void Execute()
    {
        View<float> sums = Shared.Array<float>(Width);
        int thread = ThreadId.X;
        float sum = 0f;
        for (int i = thread; i < count; i += Width) sum += parts[i];
        sums[thread] = sum;
        Group.Barrier();
        for (int half = Width / 2; half > 0; half /= 2)
        {
            if (thread < half) sums[thread] += sums[thread + half];
            Group.Barrier();
        }
        if (thread > 0) return;
        float ratio = limit / (KernelMath.Sqrt(sums[0]) + 1e-6f);
        factor[0] = ratio > 1f ? 1f : ratio;
    }
}

/// <summary>
/// Multiplies all gradients by the factor of <see cref="GradientFactor"/>, four a thread. A factor of 1 leaves them untouched.
/// Memory-bound: 8 bytes a weight.
/// </summary>
/// <param name="factor">[1]</param>
/// <param name="gradients">[count]; updated.</param>
/// <param name="count">A multiple of 4.</param>
[Kernel(256)]
internal readonly partial struct GradientScale(ReadOnlyView<float> factor, View<float> gradients, int count) : IKernelGrid
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        float scale = factor[0];
        if (i >= count || scale == 1f) return;
        Float4 g = gradients.Load4(i);
        g.X *= scale;
        g.Y *= scale;
        g.Z *= scale;
        g.W *= scale;
        gradients.Store4(i, g);
    }
}
