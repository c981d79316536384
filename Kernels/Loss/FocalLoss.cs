using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Focal loss of the softmax of each image, -alpha (1 - p)^gamma log p of the label's probability p, and the gradient of its mean over the
/// real images of the batch: alpha ((1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log p) (softmax(x) - [k = label]) / images.
/// An image with label -1 has loss 0 and gradient 0. A group is an image; sums keep what their roundings lose.
/// </summary>
/// <param name="threads"><see cref="SoftmaxCrossEntropy.Threads"/></param>
/// <param name="training">Whether something goes backward; else <paramref name="dx"/> may be no view at all.</param>
/// <param name="isHead">Whether losses are added to what is there, and ranks left as they are.</param>
/// <param name="scalars">[1] how many images are real.</param>
/// <param name="x">[N][classes]</param>
/// <param name="labels">[N]</param>
/// <param name="losses">[N]; overwritten.</param>
/// <param name="ranks">[N] how many classes have a larger logit than the label (0: top-1 right; under 5: top-5 right).</param>
/// <param name="dx">[N][classes]; overwritten.</param>
/// <param name="alpha">Weight of all classes but the first, which has 1 - alpha; below 0 all have 1.</param>
/// <param name="weight">What losses and gradients are multiplied by.</param>
[Kernel]
public readonly partial struct FocalLoss(
    [Specialization(256)] int threads, [Specialization] Flag training, [Specialization] Flag isHead, ReadOnlyView<StepScalars> scalars,
    ReadOnlyView<float> x, ReadOnlyView<int> labels, View<float> losses, View<int> ranks, View<float> dx, int images, int classes,
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

        // An image without a label goes the same way, to the same barriers.
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

        // What the other classes have of the sum keeps the digits of 1 - p where p is nearly 1.
        float own = SoftmaxTerms.Exponential(score, largest), total = (others + own).Value;
        float p = own / total, rest = others.Value / total;
        float log = TwoFloat.Add(score, -largest).Value - SoftmaxTerms.LogOfOnePlus((others + own + -1f).Value);
        float focus = gamma == 0f ? 1f : rest > 0f ? KernelMath.Exp(gamma * KernelMath.Log(rest)) : 0f;
        if (KernelMath.IsNaN(rest)) focus = rest;
        float share = 1f;
        if (alpha >= 0f) share = label == 0 ? 1f - alpha : alpha;
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
        // log p / (1 - p) is -1 where p is 1.
        float bend = rest > 0f ? gamma * p * log / rest : -gamma;
        float scale = share * weight * focus * (1f - bend) / scalars[0].Images;
        for (int k = thread; k < classes; k += threads)
        {
            float gradient = scale * SoftmaxTerms.Exponential(logits[k], largest) / total;
            if (k == label) gradient = -scale * rest;
            dx[image * classes + k] = label < 0 ? 0f : gradient;
        }
    }
}
