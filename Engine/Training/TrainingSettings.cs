using System.Text.Json.Serialization;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;

namespace GpuCnn.Engine.Training;

/// <summary>The numbers of a training run.</summary>
public sealed record TrainingSettings
{
    /// <summary>Softmax and cross-entropy.</summary>
    public const string CrossEntropy = "cross-entropy";

    /// <summary>That of a multiclass support vector machine.</summary>
    public const string Hinge = "hinge";

    /// <summary>Names of losses.</summary>
    public static IReadOnlyList<string> Losses { get; } = [CrossEntropy, Hinge];

    public int Epochs { get; init; } = 10;

    /// <summary>Ends the run after so many steps, whatever the epochs.</summary>
    public long? Steps { get; init; }

    public int Batch { get; init; } = 64;

    public float LearningRate { get; init; } = 0.01f;

    public float Momentum { get; init; } = 0.9f;

    public bool Nesterov { get; init; }

    public float WeightDecay { get; init; } = 5e-4f;

    /// <summary>Whether weight decay applies to biases and to the scales of norms too.</summary>
    public bool DecaysVectors { get; init; } = true;

    /// <summary>After each step, filters whose root mean square is above this are rescaled to it; 0 leaves them.</summary>
    public float MaxFilterRms { get; init; }

    /// <summary>One of <see cref="Losses"/>.</summary>
    public string Loss { get; init; } = CrossEntropy;

    /// <summary>Of cross-entropy.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Both parameters of the beta distribution that mixup draws an image's share from; 0 leaves mixup out.</summary>
    public float Mixup { get; init; }

    /// <summary>The same of cutmix. Of both, one is drawn for each batch.</summary>
    public float CutMix { get; init; }

    /// <summary>Whether images are blends of two, with two labels.</summary>
    [JsonIgnore]
    public bool MixesImages => Mixup > 0 || CutMix > 0;

    public ScheduleSettings Schedule { get; init; } = new();

    /// <summary>Fixes the initial weights, the order of the images, augmentation and dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>A checkpoint every so many steps; 0 saves at the end of every epoch.</summary>
    public long SaveEvery { get; init; }

    /// <exception cref="GpuCnnException">A number is out of range.</exception>
    public void Check()
    {
        if (Epochs < 1) throw new GpuCnnException($"Training expects at least 1 epoch, but got {Epochs}.");
        if (Steps < 1) throw new GpuCnnException($"Training expects at least 1 step, but got {Steps}.");
        if (Batch < 1) throw new GpuCnnException($"Training expects a batch of at least 1 image, but got {Batch}.");
        if (!(LearningRate > 0) || !float.IsFinite(LearningRate)) throw new GpuCnnException($"Training expects a learning rate above 0, but got {LearningRate}.");
        if (SaveEvery < 0) throw new GpuCnnException($"Training expects to save every 1 or more steps (0: every epoch), but got {SaveEvery}.");
        _ = Optimizer;
        if (!Losses.Contains(Loss)) throw new GpuCnnException($"Training expects a loss of {string.Join(" or ", Losses)}, but got '{Loss}'.");
        if (Loss != CrossEntropy && LabelSmoothing > 0) throw new GpuCnnException($"Label smoothing goes with {CrossEntropy}, but got {LabelSmoothing} with {Loss}; leave it out.");
        CheckMixing(Mixup, CutMix);
        if (Loss != CrossEntropy && MixesImages) throw new GpuCnnException(
            $"Mixup and cutmix go with {CrossEntropy}, but got {Loss}; leave them out.");
        _ = CreateLoss();
        _ = Schedule.Create();
    }

    /// <summary>The largest parameter of a beta distribution that mixing takes: beyond it every share is a half.</summary>
    public const float LargestAlpha = 100;

    /// <exception cref="GpuCnnException">A parameter is out of range.</exception>
    public static void CheckMixing(double mixup, double cutmix)
    {
        if (!(mixup is >= 0 and <= LargestAlpha)) throw new GpuCnnException(
            $"Mixup expects an alpha from 0 to {LargestAlpha}, but got {mixup}.");
        if (!(cutmix is >= 0 and <= LargestAlpha)) throw new GpuCnnException(
            $"Cutmix expects an alpha from 0 to {LargestAlpha}, but got {cutmix}.");
    }

    internal Sgd Optimizer => new(Momentum, WeightDecay, Nesterov, DecaysVectors, MaxFilterRms);

    /// <summary>What training minimises.</summary>
    internal Loss CreateLoss() => Loss == Hinge ? new HingeLoss() : new SoftmaxCrossEntropy(LabelSmoothing);

    /// <summary>The loss of images that are not trained on: without smoothing, so that it can be compared.</summary>
    internal Loss CreateValidationLoss() => Loss == Hinge ? new HingeLoss() : new SoftmaxCrossEntropy();
}
