using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Training;

namespace GpuCnn.Models;

/// <summary>How an architecture is trained.</summary>
/// <param name="Settings">Batch, epochs, learning rate and the rest.</param>
/// <param name="Augmentation">Names of augmentations, comma separated; empty for none.</param>
/// <param name="Fit">How images of another size are brought to the input's.</param>
public sealed record Recipe(TrainingSettings Settings, string Augmentation = "", ImageFit Fit = ImageFit.Resize);
