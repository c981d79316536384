using System.Runtime.Intrinsics;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Computes softmax and cross-entropy of each image, and the gradient of their mean over the real images of the batch:
/// loss = -sum_k t_k log softmax(x)_k with t = (1 - smoothing) [k = label] + smoothing / K; dx = (softmax(x) - t) / images.
/// For a mixed image, the label has its share of [k = label], and the second label the rest.
/// With class weights w, the target is w_k t_k, with the sum T = sum_k w_k t_k: loss = -sum_k w_k t_k log softmax(x)_k, as PyTorch's;
/// dx = (T softmax(x) - w t) / images, where PyTorch divides by the sum of the labels' weights.
/// An image with label -1 has loss 0 and gradient 0. Sums are in float64, in an order fixed by the number of classes.
/// </summary>
/// <param name="scalars">Gives the number of real images.</param>
/// <param name="weight">Factor of losses and gradients.</param>
/// <param name="isHead">Whether to add to the losses, and leave the ranks unchanged.</param>
/// <param name="x">[N][stride] Logits; only the first <paramref name="classes"/> of a row count.</param>
/// <param name="labels">[N]</param>
/// <param name="others">
/// [N] Second label of each image. An image whose two labels are equal has one label. Null if all images have one label.
/// </param>
/// <param name="shares">[N] Share of the first label in the target, from 0 to 1. Null if <paramref name="others"/> is.</param>
/// <param name="classWeights">[classes] Null if all classes weigh alike.</param>
/// <param name="weightSum">Sum of the class weights.</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">
/// [N] Number of classes with a larger logit than the label with the larger share. 0 is a top-1 hit, below 5 a top-5 hit.
/// </param>
/// <param name="dx">[N][stride] Overwritten, zero past the classes. Null if there is no backward pass.</param>
internal sealed unsafe class CpuSoftmaxCrossEntropy(
    StepScalars* scalars, int images, int classes, int stride, float smoothing, float weight, bool isHead, float* x, int* labels,
        int* others, float* shares, float* classWeights, float weightSum, float* losses, int* ranks, float* dx) : ICpuKernel
{
    private const int ImagesPerChunk = 8;

    public int Chunks => (images + ImagesPerChunk - 1) / ImagesPerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(images, (chunk + 1) * ImagesPerChunk);
        for (int image = chunk * ImagesPerChunk; image < last; image++)
        {
            float* logits = x + (nint)image * stride;
            float* gradient = dx is null ? null : dx + (nint)image * stride;
            int label = labels[image], other = others is null ? label : others[image];
            double share = others is null || other == label ? 1 : shares[image];
            if (gradient is not null) new Span<float>(gradient, stride).Clear();
            if (!isHead)
            {
                losses[image] = 0;
                ranks[image] = classes;
            }
            if (label < 0) continue;

            float largest = Largest(logits);
            double total = Exponentials(logits, largest, gradient), logTotal = Math.Log(total);
            double off = smoothing / classes, on = 1 - smoothing, score = logits[label] - (double)largest,
                otherScore = logits[other] - (double)largest;
            double shifted = 0;
            if (smoothing > 0)
                for (int k = 0; k < classes; k++) shifted += WeightOf(k) * (logits[k] - (double)largest);
            // Parts of the target that the labels have, apart from the smoothing, and the sum of the whole target.
            double first = share * WeightOf(label), second = (1 - share) * WeightOf(other);
            double target = classWeights is null ? 1 : on * (first + second) + off * weightSum;
            double own = first * score;
            // A share of 0 adds nothing, even if the score is infinitely far.
            if (share < 1) own = (share > 0 ? own : 0) + second * otherScore;
            double loss = weight * (logTotal * target - on * own - off * shifted);
            losses[image] = (float)(isHead ? losses[image] + loss : loss);
            if (!isHead) ranks[image] = Rank(logits, share < 0.5 ? other : label);
            if (gradient is null) continue;
            double scale = (double)weight / scalars->AllImages;
            float factor = (float)(scale * target / total), uniform = (float)(off * scale);
            if (classWeights is null)
                for (int k = 0; k < classes; k++) gradient[k] = gradient[k] * factor - uniform;
            else
                for (int k = 0; k < classes; k++) gradient[k] = gradient[k] * factor - uniform * classWeights[k];
            gradient[label] = (float)((Math.Exp(score) / total * target - on * first - off * WeightOf(label)) * scale);
            if (other != label)
                gradient[other] = (float)((Math.Exp(otherScore) / total * target - on * second - off * WeightOf(other)) * scale);
        }
    }

    private double WeightOf(int label) => classWeights is null ? 1 : classWeights[label];

    private float Largest(float* logits)
    {
        float largest = logits[0];
        for (int k = 1; k < classes; k++)
            if (!(logits[k] <= largest)) largest = logits[k];
        return largest;
    }

    /// <summary>Sums exp(x - largest) in float64, and stores the exponentials in <paramref name="target"/> if it is not null.</summary>
    private double Exponentials(float* logits, float largest, float* target)
    {
        Vector512<double> sum = Vector512<double>.Zero, shift = Vector512.Create((double)largest);
        int k = 0;
        for (; k <= classes - 8; k += 8)
        {
            Vector256<float> scores = Vector256.Load(logits + k);
            Vector512<double> wide = Vector512.Create(Vector256.WidenLower(scores), Vector256.WidenUpper(scores));
            Vector512<double> exponentials = Vector512.Exp(wide - shift);
            sum += exponentials;
            if (target is not null) Vector256.Narrow(exponentials.GetLower(), exponentials.GetUpper()).Store(target + k);
        }
        double total = 0;
        for (int lane = 0; lane < 8; lane++) total += sum[lane];
        for (; k < classes; k++)
        {
            double exponential = Math.Exp(logits[k] - (double)largest);
            total += exponential;
            if (target is not null) target[k] = (float)exponential;
        }
        return total;
    }

    /// <summary>Counts the classes that rank above the label. Equal scores rank by class number.</summary>
    private int Rank(float* logits, int label)
    {
        float score = logits[label];
        int rank = 0;
        for (int k = 0; k < classes; k++)
            if (!(logits[k] <= score) || (logits[k] == score && k < label)) rank++;
        return rank;
    }
}
