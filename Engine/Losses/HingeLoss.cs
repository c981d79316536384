using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;

namespace GpuCnn.Engine.Losses;

/// <summary>Multiclass support vector machine loss: the sum over k != label of max(0, s_k - s_label + 1).</summary>
public sealed class HingeLoss : Loss
{
    public override string Name => "hinge";

    public override bool TakesClassWeights => true;

    public override void CheckOutput(Shape output)
    {
        if (output.IsVector) return;
        throw new GpuCnnException(
            $"Hinge loss expects a vector of class scores, but the network ends in a volume of {output}; end it with Flatten or Linear.");
    }

    public override unsafe void Emit(LossEmitter emitter)
    {
        DeviceTensor scores = emitter.Logits;
        int classes = scores.Shape.Count;
        emitter.Launch("hinge loss",
            l => new CpuHingeLoss(
                l.Read(emitter.Scalars), emitter.Images, classes, scores.CountPerImage, emitter.Weight, emitter.IsHead, l.Read(scores),
                l.Read(emitter.Labels), l.Read(emitter.ClassWeights), l.Update(emitter.Losses), l.Update(emitter.Ranks),
                l.Write(emitter.Gradient)),
            l => l.Add(new Kernels.Loss.HingeLoss(
                Kernels.Loss.SoftmaxCrossEntropy.Threads(classes), emitter.Gradient is not null, emitter.IsHead, ClassWeights is not null,
                l.Read(emitter.Scalars), l.Read(scores), l.Read(emitter.Labels), l.Read(emitter.ClassWeights), l.Update(emitter.Losses),
                l.Update(emitter.Ranks), l.Write(emitter.Gradient), emitter.Images, classes, emitter.Weight)));
    }
}
