using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Training;

namespace GpuCnn.Models;

/// <summary>How an architecture is trained.</summary>
/// <param name="Settings">Batch, epochs, learning rate and the rest.</param>
/// <param name="Augmentation">Names of augmentations, comma separated; empty for none.</param>
/// <param name="Fit">How images of another size are brought to the input's.</param>
public sealed record Recipe(TrainingSettings Settings, string Augmentation = "", ImageFit Fit = ImageFit.Resize)
{
    public const string Default = "default", Paper = "paper";

    public static IReadOnlyList<string> Names { get; } = [Default, Paper];

    /// <summary>Stands for authors who divided the learning rate by ten by hand when the validation error stopped improving.</summary>
    internal static Schedule DividedByHand { get; } = new Plateau(patience: 5);

    /// <summary>How the papers of ImageNet judged: the centre of 224 of images whose shorter side has 256 pixels.</summary>
    public const float ImageNetScale = 256f / 224;

    /// <summary>
    /// Images that are judged are scaled until the shorter side is this many times the input's, before the centre is cropped: 1 covers the
    /// input.
    /// </summary>
    public float EvaluationScale { get; init; } = 1;

    /// <summary>What weights and biases start from.</summary>
    public StartingWeights Start { get; init; } = StartingWeights.He;

    /// <summary>Share of the values that are dropped where the architecture drops some.</summary>
    public float Dropout { get; init; } = 0.5f;

    /// <summary>What the loss of a training head counts, where the network's own counts 1.</summary>
    public float HeadWeight { get; init; } = 0.3f;

    /// <summary>Share of the values that a training head drops.</summary>
    public float HeadDropout { get; init; } = 0.7f;

    /// <summary>What the paper did besides, and this project does not.</summary>
    public IReadOnlyList<string> NotApplied { get; init; } = [];
}
