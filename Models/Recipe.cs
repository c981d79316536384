using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Training;

namespace GpuCnn.Models;

/// <summary>Recipe by which an architecture is trained.</summary>
/// <param name="Settings">Batch size, epochs, learning rate and other settings.</param>
/// <param name="Augmentation">Names of augmentations, separated by commas; empty for none.</param>
/// <param name="Fit">How images of another size are fitted to the input.</param>
public sealed record Recipe(TrainingSettings Settings, string Augmentation = "", ImageFit Fit = ImageFit.Resize)
{
    public const string Default = "default", Paper = "paper";

    public static IReadOnlyList<string> Names { get; } = [Default, Paper];

    /// <summary>
    /// Norm that default recipes clip gradients to. Measured on smallcnn and lenet5, it costs no accuracy, and lets them learn at three
    /// times the rate, where they diverge without.
    /// </summary>
    internal const float Clip = 2;

    /// <summary>Divides the rate by ten when the validation error stops improving, which the papers did by hand.</summary>
    internal static Schedule DividedByHand { get; } = new Plateau(patience: 4);

    /// <summary>Evaluation scale of the ImageNet papers: a centre crop of 224 pixels from images whose shorter side has 256.</summary>
    public const float ImageNetScale = 256f / 224;

    /// <summary>
    /// Scale for evaluation: the shorter side of an image becomes this many times the input's, before the centre is cropped. With 1 the
    /// image just covers the input.
    /// </summary>
    public float EvaluationScale { get; init; } = 1;

    /// <summary>Distributions from which weights and biases start.</summary>
    public StartingWeights Start { get; init; } = StartingWeights.He;

    /// <summary>Fraction of values dropped by the architecture's dropout layers.</summary>
    public float Dropout { get; init; } = 0.5f;

    /// <summary>Weight of a training head's loss. The network's own loss has weight 1.</summary>
    public float HeadWeight { get; init; } = 0.3f;

    /// <summary>Fraction of values that a training head drops.</summary>
    public float HeadDropout { get; init; } = 0.7f;

    /// <summary>Parts of the paper's recipe that this project does not apply.</summary>
    public IReadOnlyList<string> NotApplied { get; init; } = [];
}
