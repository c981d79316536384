using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// The multiclass hinge loss of each image, sum over k != label of max(0, x_k - x_label + 1), and the gradient of its mean over the real
/// images: each class in the margin gets weight / images, and the
/// label as much less for each of them. An image with label -1 has loss 0 and gradient 0. Sums run in float64.
/// </summary>
/// <param name="scalars">How many images are real.</param>
/// <param name="weight">What losses and gradients are multiplied by.</param>
/// <param name="isHead">Whether losses are added to what is there, and ranks left as they are.</param>
/// <param name="x">[N][stride] scores, of which the first <paramref name="classes"/> of a row count.</param>
/// <param name="labels">[N]</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">[N] how many classes have a larger score than the label's (0: top-1 right; under 5: top-5 right).</param>
/// <param name="dx">[N][stride], overwritten, zero past the classes; null where nothing goes backward.</param>
public sealed unsafe class CpuHingeLoss(
    StepScalars* scalars, int images, int classes, int stride, float weight, bool isHead, float* x, int* labels, float* losses, int* ranks, float* dx) : ICpuKernel
{
    private const int ImagesPerChunk = 8;

    public int Chunks => (images + ImagesPerChunk - 1) / ImagesPerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(images, (chunk + 1) * ImagesPerChunk);
        for (int image = chunk * ImagesPerChunk; image < last; image++)
        {
            float* scores = x + (nint)image * stride;
            float* gradient = dx == null ? null : dx + (nint)image * stride;
            int label = labels[image], rank = 0, inside = 0;
            if (gradient != null) new Span<float>(gradient, stride).Clear();
            if (!isHead)
            {
                losses[image] = 0;
                ranks[image] = classes;
            }
            if (label < 0) continue;

            float score = scores[label], share = weight / scalars->Images;
            double loss = 0;
            for (int k = 0; k < classes; k++)
            {
                // Of equal scores the first comes first; what is not a number is above all.
                if (!(scores[k] <= score) || (scores[k] == score && k < label)) rank++;
                double margin = (double)scores[k] - score + 1;
                if (k == label || margin <= 0) continue;
                loss += margin;
                inside++;
                if (gradient != null) gradient[k] = share;
            }
            if (gradient != null) gradient[label] = -share * inside;
            losses[image] = (float)(isHead ? losses[image] + weight * loss : weight * loss);
            if (!isHead) ranks[image] = rank;
        }
    }
}
