using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Computes the multiclass hinge loss of each image, sum over k != label of max(0, x_k - x_label + 1), and the gradient of its mean over
/// the real images. The gradient of each class inside the margin is weight / images, and that of the label is minus their sum. An image
/// with label -1 has loss 0 and gradient 0. One group per image. Sums are added as a tree, together with their rounding errors.
/// </summary>
/// <param name="threads">Threads in a group, a power of two: <see cref="SoftmaxCrossEntropy.Threads"/>.</param>
/// <param name="training">Whether dx is written.</param>
/// <param name="isHead">Whether to add to the losses, and leave the ranks unchanged.</param>
/// <param name="scalars">[1] Gives the number of real images.</param>
/// <param name="x">[N][classes]</param>
/// <param name="labels">[N]</param>
/// <param name="losses">[N]; overwritten.</param>
/// <param name="ranks">[N] Number of classes with a larger score than the label's. 0 is a top-1 hit, below 5 a top-5 hit.</param>
/// <param name="dx">[N][classes]; overwritten.</param>
/// <param name="weight">Factor of losses and gradients.</param>
[Kernel]
internal readonly partial struct HingeLoss(
    [Specialization(256)] int threads, [Specialization] Flag training, [Specialization] Flag isHead, [Specialization] Flag weighted,
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<int> labels, ReadOnlyView<float> classWeights,
    View<float> losses, View<int> ranks, View<float> dx, int images, int classes, float weight) : IKernelGrid
{
    public Size3 GroupShape => new(threads);

    public Size3 Groups => new(images);

    public void Execute()
    {
        View<float> high = Shared.Array<float>(threads), low = Shared.Array<float>(threads);
        View<int> above = Shared.Array<int>(threads), margins = Shared.Array<int>(threads);
        int thread = ThreadId.X, image = GroupId.X, label = labels[image], rank = 0, inside = 0;
        ReadOnlyView<float> scores = x.Slice(image * classes);
        // An image without a label takes the same path, to the same barriers.
        float score = scores[KernelMath.Max(label, 0)], factor = weight;
        if (weighted) factor *= classWeights[KernelMath.Max(label, 0)];
        float share = factor / scalars[0].AllImages;
        TwoFloat loss = new TwoFloat(0, 0);
        for (int k = thread; k < classes; k += threads)
        {
            if (LabelRank.IsAbove(scores[k], k, score, label)) rank++;
            TwoFloat margin = TwoFloat.Add(scores[k], -score) + 1f;
            float width = margin.Value;
            bool counts = k != label && (KernelMath.IsNaN(width) || width > 0);
            if (counts)
            {
                loss += margin;
                inside++;
            }
            if (training) dx[image * classes + k] = counts && label >= 0 ? share : 0;
        }
        high[thread] = loss.High;
        low[thread] = loss.Low;
        above[thread] = rank;
        margins[thread] = inside;
        Group.Barrier();
        for (int half = GroupSize.X / 2; half > 0; half /= 2)
        {
            if (thread < half)
            {
                loss += new TwoFloat(high[thread + half], low[thread + half]);
                rank += above[thread + half];
                inside += margins[thread + half];
                high[thread] = loss.High;
                low[thread] = loss.Low;
                above[thread] = rank;
                margins[thread] = inside;
            }
            Group.Barrier();
        }
        if (thread > 0) return;
        float value = label < 0 ? 0 : factor * loss.Value;
        if (isHead)
        {
            losses[image] += value;
        }
        else
        {
            losses[image] = value;
            ranks[image] = label < 0 ? classes : rank;
        }
        if (training && label >= 0) dx[image * classes + label] = -share * inside;
    }
}
