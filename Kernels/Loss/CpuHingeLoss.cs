using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Loss;

/// <summary>
/// Computes the multiclass hinge loss of each image, sum over k != label of max(0, x_k - x_label + 1), and the gradient of its mean over
/// the real images. The gradient of each class inside the margin is weight / images, and that of the label is minus their sum. An image
/// with label -1 has loss 0 and gradient 0. Sums are in float64.
/// </summary>
/// <param name="scalars">Gives the number of real images.</param>
/// <param name="weight">Factor of losses and gradients.</param>
/// <param name="isHead">Whether to add to the losses, and leave the ranks unchanged.</param>
/// <param name="x">[N][stride] Scores; only the first <paramref name="classes"/> of a row count.</param>
/// <param name="labels">[N]</param>
/// <param name="classWeights">[classes] Multiply loss and gradient of an image by its label's. Null if all classes weigh alike.</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">[N] Number of classes with a larger score than the label's. 0 is a top-1 hit, below 5 a top-5 hit.</param>
/// <param name="dx">[N][stride] Overwritten, zero past the classes. Null if there is no backward pass.</param>
internal sealed unsafe class CpuHingeLoss(
    StepScalars* scalars, int images, int classes, int stride, float weight, bool isHead, float* x, int* labels, float* classWeights,
    float* losses, int* ranks, float* dx) : ICpuKernel
{
    private const int ImagesPerChunk = 8;

    public int Chunks => (images + ImagesPerChunk - 1) / ImagesPerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(images, (chunk + 1) * ImagesPerChunk);
        for (int image = chunk * ImagesPerChunk; image < last; image++)
        {
            float* scores = x + (nint)image * stride;
            float* gradient = dx is null ? null : dx + (nint)image * stride;
            int label = labels[image], rank = 0, inside = 0;
            if (gradient is not null) new Span<float>(gradient, stride).Clear();
            if (!isHead)
            {
                losses[image] = 0;
                ranks[image] = classes;
            }
            if (label < 0) continue;

            float score = scores[label], factor = classWeights is null ? weight : weight * classWeights[label];
            float share = factor / scalars->AllImages;
            double loss = 0;
            for (int k = 0; k < classes; k++)
            {
                // Equal scores rank by class number, and NaN ranks above all.
                if (!(scores[k] <= score) || (scores[k] == score && k < label)) rank++;
                double margin = (double)scores[k] - score + 1;
                if (k == label || margin <= 0) continue;
                loss += margin;
                inside++;
                if (gradient is not null) gradient[k] = share;
            }
            if (gradient is not null) gradient[label] = -share * inside;
            losses[image] = (float)(isHead ? losses[image] + factor * loss : factor * loss);
            if (!isHead) ranks[image] = rank;
        }
    }
}
