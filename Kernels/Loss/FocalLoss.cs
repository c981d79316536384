using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Computes the focal loss of each image, -alpha (1 - p)^gamma log p with the label's softmax probability p, and the gradient of its mean
/// over the real images of the batch: alpha ((1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log p) (softmax(x) - [k = label]) / images.
/// Class weights multiply both by the label's. An image with label -1 has loss 0 and gradient 0. One group per image. Sums carry their
/// rounding errors.
/// </summary>
/// <param name="threads">See <see cref="SoftmaxCrossEntropy.Threads"/>.</param>
/// <param name="training">Whether there is a backward pass. If not, <paramref name="dx"/> may be any view.</param>
/// <param name="isHead">Whether to add to the losses, and leave the ranks unchanged.</param>
/// <param name="weighted">Whether classes have weights. If not, <paramref name="classWeights"/> may be any view.</param>
/// <param name="scalars">[1] Gives the number of real images.</param>
/// <param name="x">[N][classes]</param>
/// <param name="labels">[N]</param>
/// <param name="classWeights">[classes]</param>
/// <param name="losses">[N]; overwritten.</param>
/// <param name="ranks">[N] Number of classes with a larger logit than the label. 0 is a top-1 hit, below 5 a top-5 hit.</param>
/// <param name="dx">[N][classes]; overwritten.</param>
/// <param name="alpha">Weight of all classes but the first, whose weight is 1 - alpha. If it is below 0, all weights are 1.</param>
/// <param name="weight">Factor of losses and gradients.</param>
[Kernel]
internal readonly partial struct FocalLoss(
    [Specialization(256)] int threads, [Specialization] Flag training, [Specialization] Flag isHead, [Specialization] Flag weighted,
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<int> labels, ReadOnlyView<float> classWeights,
    View<float> losses, View<int> ranks, View<float> dx, int images, int classes,
    float gamma, float alpha, float weight) : IKernelGrid
{
    public Size3 GroupShape => new(threads);

    public Size3 Groups => new(images);

    public void Execute()
    {
        View<float> high = Shared.Array<float>(threads), low = Shared.Array<float>(threads);
        View<int> above = Shared.Array<int>(threads);
        int thread = ThreadId.X, image = GroupId.X, label = labels[image];
        ReadOnlyView<float> logits = x.Slice(image * classes);
        float largest = float.NegativeInfinity;
        for (int k = thread; k < classes; k += threads) largest = KernelMath.MaxNumber(largest, logits[k]);
        high[thread] = largest;
        Group.Barrier();
        for (int half = GroupSize.X / 2; half > 0; half /= 2)
        {
            if (thread < half) high[thread] = KernelMath.MaxNumber(high[thread], high[thread + half]);
            Group.Barrier();
        }
        largest = high[0];
        Group.Barrier();

        // An image without a label takes the same path, to the same barriers.
        float score = logits[KernelMath.Max(label, 0)];
        TwoFloat others = new TwoFloat(0, 0);
        int rank = 0;
        for (int k = thread; k < classes; k += threads)
        {
            float logit = logits[k];
            if (k != label) others += SoftmaxTerms.Exponential(logit, largest);
            if (LabelRank.IsAbove(logit, k, score, label)) rank++;
        }
        high[thread] = others.High;
        low[thread] = others.Low;
        above[thread] = rank;
        Group.Barrier();
        for (int half = GroupSize.X / 2; half > 0; half /= 2)
        {
            if (thread < half)
            {
                others += new TwoFloat(high[thread + half], low[thread + half]);
                rank += above[thread + half];
                high[thread] = others.High;
                low[thread] = others.Low;
                above[thread] = rank;
            }
            Group.Barrier();
        }
        others = new TwoFloat(high[0], low[0]);

        // The other classes' part of the sum keeps the precision of 1 - p if p is close to 1.
        float own = SoftmaxTerms.Exponential(score, largest), total = (others + own).Value;
        float p = own / total, rest = others.Value / total;
        float log = TwoFloat.Add(score, -largest).Value - SoftmaxTerms.LogOfOnePlus((others + own + -1f).Value);
        float focus = gamma == 0f ? 1f : rest > 0f ? KernelMath.Exp(gamma * KernelMath.Log(rest)) : 0f;
        if (KernelMath.IsNaN(rest)) focus = rest;
        float share = 1f;
        if (alpha >= 0f) share = label == 0 ? 1f - alpha : alpha;
        if (weighted) share *= classWeights[KernelMath.Max(label, 0)];
        if (thread == 0)
        {
            float loss = label < 0 ? 0f : share * weight * focus * -log;
            if (isHead)
            {
                losses[image] += loss;
            }
            else
            {
                losses[image] = loss;
                ranks[image] = label < 0 ? classes : rank;
            }
        }
        if (!training) return;
        // log p / (1 - p) tends to -1 as p tends to 1.
        float bend = rest > 0f ? gamma * p * log / rest : -gamma;
        float scale = share * weight * focus * (1f - bend) / scalars[0].AllImages;
        for (int k = thread; k < classes; k += threads)
        {
            float gradient = scale * SoftmaxTerms.Exponential(logits[k], largest) / total;
            if (k == label) gradient = -scale * rest;
            dx[image * classes + k] = label < 0 ? 0f : gradient;
        }
    }
}
