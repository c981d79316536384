using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Computes the focal loss of each image, -alpha (1 - p)^gamma log p with the label's softmax probability p, and the gradient of its mean
/// over the real images of the batch: alpha ((1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log p) (softmax(x) - [k = label]) / images.
/// Class weights multiply both by the label's. An image with label -1 has loss 0 and gradient 0. Sums are in float64, in the order of the
/// classes.
/// </summary>
/// <param name="scalars">Gives the number of real images.</param>
/// <param name="alpha">Weight of all classes but the first, whose weight is 1 - alpha. If it is below 0, all weights are 1.</param>
/// <param name="weight">Factor of losses and gradients.</param>
/// <param name="isHead">Whether to add to the losses, and leave the ranks unchanged.</param>
/// <param name="x">[N][stride] Logits; only the first <paramref name="classes"/> of a row count.</param>
/// <param name="labels">[N]</param>
/// <param name="classWeights">[classes] Null if all classes weigh alike.</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">[N] Number of classes with a larger logit than the label. 0 is a top-1 hit, below 5 a top-5 hit.</param>
/// <param name="dx">[N][stride] Overwritten, zero past the classes. Null if there is no backward pass.</param>
internal sealed unsafe class CpuFocalLoss(
    StepScalars* scalars, int images, int classes, int stride, float gamma, float alpha, float weight, bool isHead, float* x, int* labels,
    float* classWeights, float* losses, int* ranks, float* dx) : ICpuKernel
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
            int label = labels[image], rank = 0;
            if (gradient is not null) new Span<float>(gradient, stride).Clear();
            if (!isHead)
            {
                losses[image] = 0;
                ranks[image] = classes;
            }
            if (label < 0) continue;

            float score = logits[label], largest = logits[0];
            for (int k = 0; k < classes; k++)
            {
                if (!(logits[k] <= largest)) largest = logits[k];
                // Equal scores rank by class number, and NaN ranks above all.
                if (!(logits[k] <= score) || (logits[k] == score && k < label)) rank++;
            }
            // The other classes' part of the sum keeps the precision of 1 - p if p is close to 1.
            double own = Math.Exp(score - (double)largest), others = 0;
            for (int k = 0; k < classes; k++)
                if (k != label) others += Math.Exp(logits[k] - (double)largest);
            double total = own + others, p = own / total, rest = others / total;
            double log = score - (double)largest - Math.Log(total);
            double focus = gamma == 0 ? 1 : Math.Pow(rest, gamma), share = alpha < 0 ? 1 : label == 0 ? 1 - alpha : alpha;
            if (classWeights is not null) share *= classWeights[label];
            double loss = share * weight * focus * -log;
            losses[image] = (float)(isHead ? losses[image] + loss : loss);
            if (!isHead) ranks[image] = rank;
            if (gradient is null) continue;
            // log p / (1 - p) tends to -1 as p tends to 1.
            double bend = rest > 0 ? gamma * p * log / rest : -gamma;
            double scale = share * weight * focus * (1 - bend) / scalars->AllImages;
            for (int k = 0; k < classes; k++) gradient[k] = (float)(scale * Math.Exp(logits[k] - (double)largest) / total);
            gradient[label] = (float)(-scale * rest);
        }
    }
}
