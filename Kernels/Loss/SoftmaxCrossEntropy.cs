using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Softmax and cross-entropy of each image, and the gradient of their mean over the real images of the batch:
/// loss = -sum_k t_k log softmax(x)_k with t = (1 - smoothing) [k = label] + smoothing / K; dx = (softmax(x) - t) / images.
/// Of a mixed image the label has its share of [k = label], and the other label the rest.
/// An image with label -1 has loss 0 and gradient 0. A group is an image. Sums keep what their roundings lose, in an order that the
/// number of classes fixes: as good as the CPU's float64.
/// </summary>
/// <param name="threads"><see cref="Threads"/></param>
/// <param name="training">Whether something goes backward; else <paramref name="dx"/> may be no view at all.</param>
/// <param name="isHead">Whether losses are added to what is there, and ranks left as they are.</param>
/// <param name="mixed">Whether images have two labels; else <paramref name="others"/> and <paramref name="shares"/> may be no views at
/// all.</param>
/// <param name="scalars">[1] how many images are real.</param>
/// <param name="x">[N][classes]</param>
/// <param name="labels">[N]</param>
/// <param name="others">[N] the second label of each image; where it is the first one again, the image has one label.</param>
/// <param name="shares">[N] how much of the target is the first label's, from 0 to 1.</param>
/// <param name="losses">[N]; overwritten.</param>
/// <param name="ranks">[N] how many classes have a larger logit than the label of the larger share (0: top-1 right; under 5: top-5
/// right).</param>
/// <param name="dx">[N][classes]; overwritten.</param>
/// <param name="weight">What losses and gradients are multiplied by.</param>
[Kernel]
public readonly partial struct SoftmaxCrossEntropy(
    [Specialization(256)] int threads, [Specialization] Flag training, [Specialization] Flag isHead, [Specialization] Flag mixed,
    ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<int> labels, ReadOnlyView<int> others,
        ReadOnlyView<float> shares, View<float> losses, View<int> ranks, View<float> dx, int images, int classes,
    float smoothing, float weight) : IKernelGrid
{
    public Size3 GroupShape => new(threads);

    public Size3 Groups => new(images);

    /// <summary>Threads of a group: a power of two, as many as there are classes, within limits.</summary>
    public static int Threads(int classes)
    {
        int threads = 32;
        while (threads < classes && threads < 256) threads *= 2;
        return threads;
    }

    public void Execute()
    {
        View<float> high = Shared.Array<float>(threads), low = Shared.Array<float>(threads);
        View<float> shiftedHigh = Shared.Array<float>(threads), shiftedLow = Shared.Array<float>(threads);
        View<int> above = Shared.Array<int>(threads);
        int thread = ThreadId.X, image = GroupId.X, label = labels[image], other = label;
        float share = 1;
        if (mixed)
        {
            other = others[image];
            share = other == label ? 1 : shares[image];
        }
        // What top-1 counts.
        int main = share < 0.5f ? other : label;
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

        // An image without a label goes the same way: barriers behind a return that hangs on what is read make PoCL write where it
        // must not.
        float score = logits[KernelMath.Max(main, 0)];
        TwoFloat total = new TwoFloat(0, 0), shifted = new TwoFloat(0, 0);
        int rank = 0;
        for (int k = thread; k < classes; k += threads)
        {
            float logit = logits[k];
            total += Exponential(logit, largest);
            if (smoothing > 0) shifted += TwoFloat.Add(logit, -largest);
            if (LabelRank.IsAbove(logit, k, score, main)) rank++;
        }
        high[thread] = total.High;
        low[thread] = total.Low;
        shiftedHigh[thread] = shifted.High;
        shiftedLow[thread] = shifted.Low;
        above[thread] = rank;
        Group.Barrier();
        for (int half = GroupSize.X / 2; half > 0; half /= 2)
        {
            if (thread < half)
            {
                total += new TwoFloat(high[thread + half], low[thread + half]);
                shifted += new TwoFloat(shiftedHigh[thread + half], shiftedLow[thread + half]);
                rank += above[thread + half];
                high[thread] = total.High;
                low[thread] = total.Low;
                shiftedHigh[thread] = shifted.High;
                shiftedLow[thread] = shifted.Low;
                above[thread] = rank;
            }
            Group.Barrier();
        }
        total = new TwoFloat(high[0], low[0]);

        float on = 1 - smoothing, off = smoothing / classes;
        if (thread == 0)
        {
            // All of them are positive, so that nothing cancels.
            float loss = LogOfOnePlus((total + -1f).Value);
            // A share of nothing counts nothing, however far its score is.
            if (share > 0) loss -= on * share * TwoFloat.Add(logits[KernelMath.Max(label, 0)], -largest).Value;
            if (share < 1) loss -= on * (1 - share) * TwoFloat.Add(logits[KernelMath.Max(other, 0)], -largest).Value;
            if (smoothing > 0) loss -= off * shifted.Value;
            loss = label < 0 ? 0 : weight * loss;
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
        float scale = weight / scalars[0].Images, factor = scale / total.Value;
        for (int k = thread; k < classes; k += threads)
        {
            float exponential = Exponential(logits[k], largest), gradient = exponential * factor - off * scale;
            // What the labels have of the target, apart from the smoothing.
            float part = 0;
            if (k == label) part = share;
            else if (k == other) part = 1 - share;
            if (part > 0.5f)
            {
                // (p - 1) of a label that is nearly certain, from what the other classes have of the total.
                TwoFloat rest = new TwoFloat(-total.High, -total.Low) + exponential;
                gradient = (rest.Value / total.Value + smoothing - off + on * (1 - part)) * scale;
            }
            else if (part > 0)
            {
                gradient = (exponential / total.Value - on * part - off) * scale;
            }
            dx[image * classes + k] = label < 0 ? 0 : gradient;
        }
    }

    /// <summary>exp(x - largest), with what the difference is rounded by.</summary>
    private static float Exponential(float x, float largest)
    {
        TwoFloat difference = TwoFloat.Add(x, -largest);
        float exponential = KernelMath.Exp(difference.High);
        return KernelMath.FusedMultiplyAdd(exponential, difference.Low, exponential);
    }

    /// <summary>log(1 + x) for x of 0 or more: the logarithm's relative error at 1 + x, rounded, is that of the slope beside it.</summary>
    private static float LogOfOnePlus(float x)
    {
        float sum = 1 + x;
        if (sum == 1) return x;
        float slope = KernelMath.Log(sum) / (sum - 1);
        return KernelMath.IsFinite(slope) ? x * slope : KernelMath.Log(sum);
    }
}
