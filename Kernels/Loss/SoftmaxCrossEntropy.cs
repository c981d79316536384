using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Softmax and cross-entropy of each image, and the gradient of their mean over the real images of the batch:
/// loss = -sum_k t_k log softmax(x)_k with t = (1 - smoothing) [k = label] + smoothing / K; dx = (softmax(x) - t) / images.
/// An image with label -1 has loss 0 and gradient 0. Sums run in class order in float64.
/// </summary>
/// <param name="scalars">How many images are real.</param>
/// <param name="x">[N][stride] logits, of which the first <paramref name="classes"/> of a row count.</param>
/// <param name="labels">[N]</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">[N] how many classes have a larger logit than the label's (0: top-1 right; under 5: top-5 right).</param>
/// <param name="dx">[N][stride], overwritten, zero past the classes; null where nothing goes backward.</param>
public sealed unsafe class SoftmaxCrossEntropyKernel(
    StepScalars* scalars, int images, int classes, int stride, float smoothing, float* x, int* labels, float* losses, int* ranks, float* dx)
    : ICpuKernel
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
            int label = labels[image];
            if (gradient != null) new Span<float>(gradient, stride).Clear();
            losses[image] = 0;
            ranks[image] = classes;
            if (label < 0) continue;

            float largest = logits[0];
            for (int k = 1; k < classes; k++)
                if (!(logits[k] <= largest)) largest = logits[k];
            double total = 0, shifted = 0;
            int rank = 0;
            for (int k = 0; k < classes; k++)
            {
                total += Math.Exp(logits[k] - (double)largest);
                shifted += logits[k] - (double)largest;
                if (!(logits[k] <= logits[label]) || (logits[k] == logits[label] && k < label)) rank++;
            }
            double logTotal = Math.Log(total), off = smoothing / classes, on = 1 - smoothing;
            losses[image] = (float)(logTotal - on * (logits[label] - (double)largest) - off * shifted);
            ranks[image] = rank;
            if (gradient == null) continue;
            double scale = 1.0 / scalars->Images;
            for (int k = 0; k < classes; k++)
                gradient[k] = (float)((Math.Exp(logits[k] - (double)largest) / total - (k == label ? on : 0) - off) * scale);
        }
    }
}
