using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Sets;

/// <summary>
/// A loss as a user writes one: half the squared distance of the scores from <see cref="Target"/> at the label and 0 elsewhere.
/// </summary>
public sealed class UserSquaredError : Loss
{
    public override string Name => "user-squared-error";

    [Setting("Score of the label.", Above = 0)]
    public float Target { get; init => field = Setting.Check(this, value); } = 1;

    public override void CheckOutput(Shape output)
    {
        if (!output.IsVector) throw new GpuCnnException($"Squared error expects a vector of class scores, but got {output}.");
    }

    public override unsafe void Emit(LossEmitter emitter)
    {
        DeviceTensor scores = emitter.Logits;
        int classes = scores.Shape.Count;
        emitter.Launch("squared error",
            l => new CpuSquaredError(
                l.Read(emitter.Scalars), emitter.Images, classes, scores.CountPerImage, emitter.Weight, emitter.IsHead, Target,
                l.Read(scores), l.Read(emitter.Labels), l.Update(emitter.Losses), l.Update(emitter.Ranks), l.Write(emitter.Gradient)),
            l => l.Add(
                new UserSquaredErrorLoss(
                    emitter.Gradient is not null, emitter.IsHead, l.Read(emitter.Scalars), l.Read(scores), l.Read(emitter.Labels),
                    l.Update(emitter.Losses), l.Update(emitter.Ranks), l.Write(emitter.Gradient), classes, emitter.Weight, Target),
                new Size3(emitter.Images)));
    }

    private sealed unsafe class CpuSquaredError(
        StepScalars* scalars, int images, int classes, int stride, float weight, bool isHead, float target, float* x, int* labels,
        float* losses, int* ranks, float* dx) : ICpuKernel
    {
        public int Chunks => images;

        public void Run(int chunk)
        {
            int label = labels[chunk], rank = 0;
            float* scores = x + (nint)chunk * stride;
            float* gradient = dx is null ? null : dx + (nint)chunk * stride;
            if (gradient is not null) new Span<float>(gradient, stride).Clear();
            double loss = 0;
            for (int k = 0; k < classes && label >= 0; k++)
            {
                double difference = scores[k] - (k == label ? target : 0.0);
                loss += 0.5 * difference * difference;
                if (scores[k] > scores[label] || (scores[k] == scores[label] && k < label)) rank++;
                if (gradient is not null) gradient[k] = (float)(weight * difference / scalars->Images);
            }
            losses[chunk] = (float)(weight * loss + (isHead ? losses[chunk] : 0));
            if (!isHead) ranks[chunk] = label < 0 ? classes : rank;
        }
    }
}

/// <summary><see cref="UserSquaredError"/> on a GPU, an image a thread.</summary>
/// <param name="scalars">[1] how many images are real.</param>
/// <param name="x">[N][classes]</param>
/// <param name="labels">[N]</param>
/// <param name="losses">[N]; overwritten.</param>
/// <param name="ranks">[N]; overwritten.</param>
/// <param name="dx">[N][classes]; overwritten.</param>
[Kernel(1)]
internal readonly partial struct UserSquaredErrorLoss(
    [Specialization] Flag training, [Specialization] Flag isHead, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> x,
    ReadOnlyView<int> labels, View<float> losses, View<int> ranks, View<float> dx, int classes, float weight, float target)
{
    public void Execute()
    {
        int image = GroupId.X, label = labels[image], rank = 0;
        float loss = 0;
        for (int k = 0; k < classes; k++)
        {
            float score = x[image * classes + k], own = x[image * classes + KernelMath.Max(label, 0)];
            float difference = k == label ? score - target : score;
            loss += 0.5f * difference * difference;
            if (score > own || score == own && k < label) rank++;
            if (training) dx[image * classes + k] = label < 0 ? 0f : weight * difference / scalars[0].Images;
        }
        float value = label < 0 ? 0f : weight * loss;
        if (isHead)
        {
            losses[image] += value;
        }
        else
        {
            losses[image] = value;
            ranks[image] = label < 0 ? classes : rank;
        }
    }
}
