using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;

namespace GpuCnn.Engine.Losses;

/// <summary>
/// Cross-entropy that counts images less the better they are classified (Lin et al., 2017, https://arxiv.org/abs/1708.02002), for several
/// classes that exclude each other: -alpha (1 - p)^gamma log p of the label's softmax probability p.
/// </summary>
public sealed class FocalLoss : Loss
{
    /// <param name="gamma">Focus; 0 is cross-entropy.</param>
    /// <param name="alpha">Weight of all classes but the first, the background, which has 1 - alpha; null weighs all alike.</param>
    public FocalLoss(float gamma = 2, float? alpha = null) => (Gamma, Alpha) = (gamma, alpha);

    public override string Name => "focal";

    [Setting("Focus on images that are classified badly; 0 is cross-entropy.", Name = "focal-gamma", AtLeast = 0)]
    public float Gamma { get; init => field = Setting.Check(this, value); }

    [Setting("Weight of all classes but the first; the first has the rest to 1.", Name = "focal-alpha", AtLeast = 0, AtMost = 1)]
    public float? Alpha { get; init => field = Setting.Check(this, value); }

    public override bool TakesClassWeights => true;

    public override void CheckOutput(Shape output)
    {
        if (!output.IsVector)
        {
            throw new GpuCnnException(
                $"Focal loss expects a vector of class scores, but the network ends in a volume of {output}; "
                    + "end it with Flatten or Linear.");
        }
    }

    public override unsafe void Emit(LossEmitter emitter)
    {
        DeviceTensor logits = emitter.Logits;
        int classes = logits.Shape.Count;
        emitter.Launch("focal loss",
            l => new CpuFocalLoss(
                l.Read(emitter.Scalars), emitter.Images, classes, logits.CountPerImage, Gamma, Alpha ?? -1, emitter.Weight, emitter.IsHead,
                l.Read(logits), l.Read(emitter.Labels), l.Read(emitter.ClassWeights), l.Update(emitter.Losses), l.Update(emitter.Ranks),
                l.Write(emitter.Gradient)),
            l => l.Add(new Kernels.Loss.FocalLoss(
                Kernels.Loss.SoftmaxCrossEntropy.Threads(classes), emitter.Gradient is not null, emitter.IsHead, ClassWeights is not null,
                l.Read(emitter.Scalars), l.Read(logits), l.Read(emitter.Labels), l.Read(emitter.ClassWeights), l.Update(emitter.Losses),
                l.Update(emitter.Ranks), l.Write(emitter.Gradient), emitter.Images, classes, Gamma, Alpha ?? -1, emitter.Weight)));
    }
}
