using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;

namespace GpuCnn.Engine.Losses;

/// <summary>
/// Cross-entropy between the softmax of the output and the label, in PyTorch's form of label smoothing: the target is
/// (1 - smoothing) on the label plus smoothing / classes on every class. Of a mixed image the two labels share (1 - smoothing).
/// </summary>
public sealed class SoftmaxCrossEntropy : Loss
{
    /// <param name="labelSmoothing">Share of the target that is spread over all classes.</param>
    public SoftmaxCrossEntropy(float labelSmoothing = 0) => LabelSmoothing = labelSmoothing;

    public override string Name => "cross-entropy";

    [Setting("Share of the target spread over all classes.", AtLeast = 0, Below = 1)]
    public float LabelSmoothing { get; init => field = Setting.Check(this, value); }

    /// <summary>Without smoothing.</summary>
    public override Loss ForValidation => LabelSmoothing == 0 ? this : new SoftmaxCrossEntropy();

    public override bool TakesMixedLabels => true;

    public override void CheckOutput(Shape output)
    {
        if (!output.IsVector) throw new GpuCnnException($"Softmax cross-entropy expects a vector of class scores, but the network ends in a volume of {output}; end it with Flatten or Linear.");
    }

    public override unsafe void Emit(CpuLossEmitter emitter)
    {
        CpuTensor logits = emitter.Logits;
        CpuTensor? gradient = emitter.Gradient;
        emitter.Launch("softmax cross-entropy", () => new CpuSoftmaxCrossEntropy(
            emitter.Scalars, emitter.Images, logits.Shape.Count, logits.CountPerImage, LabelSmoothing, emitter.Weight, emitter.IsHead, logits.Pointer, emitter.Labels,
            emitter.Others, emitter.Shares, emitter.Losses, emitter.Ranks, gradient == null ? null : gradient.Pointer));
    }

    public override void Emit(GpuLossEmitter emitter)
    {
        int classes = emitter.Logits.Shape.Count;
        emitter.Launch("softmax cross-entropy", launches => launches.Add(new Kernels.Loss.SoftmaxCrossEntropy(
            Kernels.Loss.SoftmaxCrossEntropy.Threads(classes), emitter.Gradient != null, emitter.IsHead, emitter.IsMixed, emitter.Scalars,
                emitter.Logits.View, emitter.Labels,
            emitter.Others, emitter.Shares, emitter.Losses, emitter.Ranks, emitter.Gradient?.View ?? default, emitter.Images, classes,
                LabelSmoothing, emitter.Weight)));
    }
}
