using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Focal loss of the softmax of each image, -alpha (1 - p)^gamma log p of the label's probability p, and the gradient of its mean over the
/// real images of the batch: alpha ((1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log p) (softmax(x) - [k = label]) / images.
/// An image with label -1 has loss 0 and gradient 0. Sums run in float64, in the order of the classes.
/// </summary>
/// <param name="scalars">How many images are real.</param>
/// <param name="alpha">Weight of all classes but the first, which has 1 - alpha; below 0 all have 1.</param>
/// <param name="weight">What losses and gradients are multiplied by.</param>
/// <param name="isHead">Whether losses are added to what is there, and ranks left as they are.</param>
/// <param name="x">[N][stride] logits, of which the first <paramref name="classes"/> of a row count.</param>
/// <param name="labels">[N]</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">[N] how many classes have a larger logit than the label (0: top-1 right; under 5: top-5 right).</param>
/// <param name="dx">[N][stride], overwritten, zero past the classes; null where nothing goes backward.</param>
public sealed unsafe class CpuFocalLoss(
    StepScalars* scalars, int images, int classes, int stride, float gamma, float alpha, float weight, bool isHead, float* x, int* labels,
    float* losses, int* ranks, float* dx) : ICpuKernel
{
    private const int ImagesPerChunk = 8;

    public int Chunks => (images + ImagesPerChunk - 1) / ImagesPerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(images, (chunk + 1) * ImagesPerChunk);
        for (int image = chunk * ImagesPerChunk; image < last; image++)
        {
            float* logits = x + (nint)image * stride;
            float* gradient = dx == null ? null : dx + (nint)image * stride;
            int label = labels[image], rank = 0;
            if (gradient != null) new Span<float>(gradient, stride).Clear();
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
                // Of equal scores the first comes first; what is not a number is above all.
                if (!(logits[k] <= score) || (logits[k] == score && k < label)) rank++;
            }
            // What the other classes have of the sum keeps the digits of 1 - p where p is nearly 1.
            double own = Math.Exp(score - (double)largest), others = 0;
            for (int k = 0; k < classes; k++)
                if (k != label) others += Math.Exp(logits[k] - (double)largest);
            double total = own + others, p = own / total, rest = others / total;
            double log = score - (double)largest - Math.Log(total);
            double focus = gamma == 0 ? 1 : Math.Pow(rest, gamma), share = alpha < 0 ? 1 : label == 0 ? 1 - alpha : alpha;
            double loss = share * weight * focus * -log;
            losses[image] = (float)(isHead ? losses[image] + loss : loss);
            if (!isHead) ranks[image] = rank;
            if (gradient == null) continue;
            // log p / (1 - p) is -1 where p is 1.
            double bend = rest > 0 ? gamma * p * log / rest : -gamma;
            double scale = share * weight * focus * (1 - bend) / scalars->Images;
            for (int k = 0; k < classes; k++) gradient[k] = (float)(scale * Math.Exp(logits[k] - (double)largest) / total);
            gradient[label] = (float)(-scale * rest);
        }
    }
}
