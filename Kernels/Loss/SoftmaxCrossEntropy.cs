using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Computes softmax and cross-entropy of each image, and the gradient of their mean over the real images of the batch:
/// loss = -sum_k t_k log softmax(x)_k with t = (1 - smoothing) [k = label] + smoothing / K; dx = (softmax(x) - t) / images.
/// For a mixed image, the label has its share of [k = label], and the second label the rest.
/// With class weights w, the target is w_k t_k and its sum T = sum_k w_k t_k: loss = -sum_k w_k t_k log softmax(x)_k, as PyTorch's;
/// dx = (T softmax(x) - w t) / images, where PyTorch divides by the sum of the labels' weights.
/// An image with label -1 has loss 0 and gradient 0. One group per image. Sums carry their rounding errors, in an order fixed by the number
/// of classes, and are as precise as the CPU's in float64.
/// </summary>
/// <param name="threads">See <see cref="Threads"/>.</param>
/// <param name="training">Whether there is a backward pass. If not, <paramref name="dx"/> may be any view.</param>
/// <param name="isHead">Whether to add to the losses, and leave the ranks unchanged.</param>
/// <param name="mixed">
/// Whether images have two labels. If not, <paramref name="others"/> and <paramref name="shares"/> may be any views.
/// </param>
/// <param name="weighted">Whether classes have weights. If not, <paramref name="classWeights"/> may be any view.</param>
/// <param name="scalars">[1] Gives the number of real images.</param>
/// <param name="x">[N][classes]</param>
/// <param name="labels">[N]</param>
/// <param name="others">[N] Second label of each image. An image whose two labels are equal has one label.</param>
/// <param name="shares">[N] Share of the first label in the target, from 0 to 1.</param>
/// <param name="classWeights">[classes]</param>
/// <param name="losses">[N]; overwritten.</param>
/// <param name="ranks">
/// [N] Number of classes with a larger logit than the label with the larger share. 0 is a top-1 hit, below 5 a top-5 hit.
/// </param>
/// <param name="dx">[N][classes]; overwritten.</param>
/// <param name="weight">Factor of losses and gradients.</param>
/// <param name="weightSum">Sum of the class weights.</param>
[Kernel]
internal readonly partial struct SoftmaxCrossEntropy(
    [Specialization(256)] int threads, [Specialization] Flag training, [Specialization] Flag isHead, [Specialization] Flag mixed,
    [Specialization] Flag weighted, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x, ReadOnlyView<int> labels,
    ReadOnlyView<int> others, ReadOnlyView<float> shares, ReadOnlyView<float> classWeights, View<float> losses, View<int> ranks,
    View<float> dx, int images, int classes, float smoothing, float weight, float weightSum) : IKernelGrid
{
    public Size3 GroupShape => new(threads);

    public Size3 Groups => new(images);

    /// <summary>Returns the number of threads in a group: the power of two that covers the classes, from 32 to 256.</summary>
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
        // The label that counts for top-1.
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

        // An image without a label takes the same path. A barrier after a return that depends on loaded data makes PoCL write to wrong
        // addresses.
        float score = logits[KernelMath.Max(main, 0)];
        TwoFloat total = new TwoFloat(0, 0), shifted = new TwoFloat(0, 0);
        int rank = 0;
        for (int k = thread; k < classes; k += threads)
        {
            float logit = logits[k];
            total += SoftmaxTerms.Exponential(logit, largest);
            if (smoothing > 0)
            {
                if (weighted) shifted += TwoFloat.Add(logit, -largest).Times(classWeights[k]);
                else shifted += TwoFloat.Add(logit, -largest);
            }
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
        // Parts of the target that the labels have, apart from the smoothing, and the sum of the whole target.
        float first = share, second = 1 - share, target = 1;
        if (weighted)
        {
            first *= classWeights[KernelMath.Max(label, 0)];
            second *= classWeights[KernelMath.Max(other, 0)];
            target = on * (first + second) + off * weightSum;
        }
        if (thread == 0)
        {
            // All terms are positive, so nothing cancels.
            float loss = SoftmaxTerms.LogOfOnePlus((total + -1f).Value);
            if (weighted) loss *= target;
            // A share of 0 adds nothing, even if the score is infinitely far.
            if (share > 0) loss -= on * first * TwoFloat.Add(logits[KernelMath.Max(label, 0)], -largest).Value;
            if (share < 1) loss -= on * second * TwoFloat.Add(logits[KernelMath.Max(other, 0)], -largest).Value;
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
        float scale = weight / scalars[0].AllImages, factor = scale / total.Value;
        for (int k = thread; k < classes; k += threads)
        {
            float exponential = SoftmaxTerms.Exponential(logits[k], largest), gradient = exponential * factor - off * scale;
            if (weighted)
            {
                float own = 0, beside = 0;
                if (k == label)
                {
                    own = first;
                    beside = second;
                }
                else if (k == other)
                {
                    own = second;
                    beside = first;
                }
                gradient = (exponential / total.Value * target - on * own - off * classWeights[k]) * scale;
                if (own > beside)
                {
                    // p T - w t = (p - 1) T + what of the target is beside this class.
                    TwoFloat rest = new TwoFloat(-total.High, -total.Low) + exponential;
                    gradient = (rest.Value / total.Value * target + on * beside + off * (weightSum - classWeights[k])) * scale;
                }
                dx[image * classes + k] = label < 0 ? 0 : gradient;
                continue;
            }
            // Share of the target that this class has as a label, apart from the smoothing.
            float part = 0;
            if (k == label) part = share;
            else if (k == other) part = 1 - share;
            if (part > 0.5f)
            {
                // (p - 1) for a nearly certain label, computed from the other classes' part of the total.
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
}
