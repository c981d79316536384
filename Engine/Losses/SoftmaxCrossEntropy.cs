using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;

namespace GpuCnn.Engine.Losses;

/// <summary>
/// Cross-entropy between the softmax of the output and the label, with PyTorch's label smoothing: the target is (1 - smoothing) on the
/// label plus smoothing / classes on every class. The two labels of a mixed image share (1 - smoothing).
/// </summary>
public sealed class SoftmaxCrossEntropy : Loss
{
    /// <param name="labelSmoothing">Share of the target spread over all classes.</param>
    public SoftmaxCrossEntropy(float labelSmoothing = 0) => LabelSmoothing = labelSmoothing;

    public override string Name => "cross-entropy";

    [Setting("Share of the target spread over all classes.", AtLeast = 0, Below = 1)]
    public float LabelSmoothing { get; init => field = Setting.Check(this, value); }

    /// <summary>The loss without smoothing and class weights.</summary>
    public override Loss ForValidation => LabelSmoothing == 0 && ClassWeights is null ? this : new SoftmaxCrossEntropy();

    public override bool TakesMixedLabels => true;

    public override bool TakesClassWeights => true;

    public override void CheckOutput(Shape output)
    {
        if (output.IsVector) return;
        throw new GpuCnnException(
            $"Softmax cross-entropy expects a vector of class scores, but the network ends in a volume of {output}; "
            + "end it with Flatten or Linear.");
    }

    public override unsafe void Emit(LossEmitter emitter)
    {
        DeviceTensor logits = emitter.Logits;
        int classes = logits.Shape.Count;
        emitter.Launch("softmax cross-entropy",
            l => new CpuSoftmaxCrossEntropy(
                l.Read(emitter.Scalars), emitter.Images, classes, logits.CountPerImage, LabelSmoothing, emitter.Weight, emitter.IsHead,
                l.Read(logits), l.Read(emitter.Labels), l.Read(emitter.Others), l.Read(emitter.Shares),
                l.Read(emitter.ClassWeights), emitter.ClassWeightSum, l.Update(emitter.Losses), l.Update(emitter.Ranks),
                l.Write(emitter.Gradient)),
            l => l.Add(new Kernels.Loss.SoftmaxCrossEntropy(
                Kernels.Loss.SoftmaxCrossEntropy.Threads(classes), emitter.Gradient is not null, emitter.IsHead, emitter.IsMixed,
                ClassWeights is not null, l.Read(emitter.Scalars), l.Read(logits), l.Read(emitter.Labels), l.Read(emitter.Others),
                l.Read(emitter.Shares), l.Read(emitter.ClassWeights), l.Update(emitter.Losses), l.Update(emitter.Ranks),
                l.Write(emitter.Gradient), emitter.Images, classes, LabelSmoothing, emitter.Weight, emitter.ClassWeightSum)));
    }
}
