using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;

namespace GpuCnn.Engine.Losses;

/// <summary>The loss of a multiclass support vector machine: the sum over k != label of max(0, s_k - s_label + 1).</summary>
public sealed class HingeLoss : Loss
{
    public override string Name => "hinge";

    public override void CheckOutput(Shape output)
    {
        if (!output.IsVector) throw new GpuCnnException($"Hinge loss expects a vector of class scores, but the network ends in a volume of {output}; end it with Flatten or Linear.");
    }

    public override unsafe void Emit(CpuLossEmitter emitter)
    {
        CpuTensor scores = emitter.Logits;
        CpuTensor? gradient = emitter.Gradient;
        emitter.Launch("hinge loss", () => new CpuHingeLoss(
            emitter.Scalars, emitter.Images, scores.Shape.Count, scores.CountPerImage, emitter.Weight, emitter.IsHead, scores.Pointer, emitter.Labels,
            emitter.Losses, emitter.Ranks, gradient == null ? null : gradient.Pointer));
    }

    public override void Emit(GpuLossEmitter emitter)
    {
        int classes = emitter.Logits.Shape.Count;
        emitter.Launch("hinge loss", launches => launches.Add(new Kernels.Loss.HingeLoss(
            Kernels.Loss.SoftmaxCrossEntropy.Threads(classes), emitter.Gradient != null, emitter.IsHead, emitter.Scalars, emitter.Logits.View, emitter.Labels,
            emitter.Losses, emitter.Ranks, emitter.Gradient?.View ?? default, emitter.Images, classes, emitter.Weight)));
    }
}
