using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>Options of a plan.</summary>
public sealed record PlanOptions
{
    /// <summary>Images of a batch.</summary>
    public required int Images { get; init; }

    /// <summary>
    /// Ranks that train together, each on its own images: gradients are those of the mean over the images of all ranks. Norms see the
    /// images of a rank, unless <see cref="SyncsNorms"/>.
    /// </summary>
    public Communicator Ranks { get; init; } = Communicator.Alone;

    /// <summary>Images of a batch over all ranks; null is <see cref="Images"/>.</summary>
    public int? AllImages { get; init; }

    /// <summary>Place of this rank's first image among those of all ranks.</summary>
    public int FirstImage { get; init; }

    /// <summary>Whether norms that train use the statistics of the images of all ranks.</summary>
    public bool SyncsNorms { get; init; }

    /// <summary>Loss of the output and the labels. Without a loss the plan infers, and images need no labels.</summary>
    public ILoss? Loss { get; init; }

    /// <summary>Whether layers behave as in training and gradients are computed.</summary>
    public bool Training { get; init; }

    /// <summary>
    /// Whether images have two labels with a share each (<see cref="Datasets.Batch.Others"/>), as mixup and cutmix give them.
    /// </summary>
    public bool MixedLabels { get; init; }

    /// <summary>Applied after the backward pass of a training step. Without an optimizer, only gradients are computed.</summary>
    public IOptimizer? Optimizer { get; init; }

    /// <summary>
    /// Batches of <see cref="Images"/> whose gradients are added up for one update. A training step takes a batch of that many times the
    /// images, and its gradient is the mean over all of them.
    /// </summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Factor of the learning rate of the layers that give the classes (<see cref="Parameter.IsHead"/>).</summary>
    public float HeadRate { get; init; } = 1;

    /// <summary>
    /// Part of a moving average of all parameters that an update keeps: average = decay average + (1 - decay) weight, as torchvision's
    /// ExponentialMovingAverage. The run's first step copies; running statistics are averaged, counters copied. 0 keeps no average.
    /// </summary>
    public float AverageDecay { get; init; }

    /// <summary>Whether the plan, which infers, reads the moving averages in place of the parameters.</summary>
    public bool ReadsAverages { get; init; }

    /// <summary>Whether parameters that are frozen at first (<see cref="Parameter.IsLate"/>) are trained.</summary>
    public bool TrainsLate { get; init; }

    /// <summary>Whether to compute the gradient of the network's input too. For checks; training does not need it.</summary>
    public bool InputGradient { get; init; }

    /// <summary>
    /// Whether every operator computes its output by itself, and the plan keeps all of them for <see cref="Plan.ReadValue"/>: nothing is
    /// fused, and outputs share no memory. For plans that infer.
    /// </summary>
    public bool KeepsValues { get; init; }

    /// <summary>
    /// Value of the network whose gradient <see cref="Plan.Differentiate"/> computes; null for none. The plan infers: norms use running
    /// statistics, dropout does nothing, and parameters have no gradients. It keeps its values.
    /// </summary>
    public Value? GradientOf { get; init; }

    /// <summary>How products are computed and activations stored.</summary>
    public Precision Precision { get; init; }

    /// <summary>Algorithms by problem, for problems with several; others use the device's fixed rule.</summary>
    public IReadOnlyDictionary<string, string>? Algorithms { get; init; }

    /// <summary>
    /// Whether images of the next call are brought to the device while the steps of one run, on devices that can. Takes memory for two
    /// more batches of images.
    /// </summary>
    public bool UploadsAhead { get; init; }

    /// <summary>Bytes from which on a piece of the gradients is summed over the ranks by itself.</summary>
    internal long BucketBytes { get; init; } = GradientBuckets.UsualBytes;

    /// <summary>
    /// Whether every buffer gets its own memory, so that any steps can run again on the last batch's results, to measure them.
    /// </summary>
    internal bool KeepsBuffers { get; init; }

    /// <summary>Whether layers save what their backward pass reads.</summary>
    internal bool SavesForBackward => Training || GradientOf is not null;

    /// <summary>Ranks whose images the statistics of norms are of: 1 where each rank's norms see its own.</summary>
    internal int NormRanks => SyncsNorms && Training ? Ranks.Size : 1;

    /// <summary>Whether the outputs of all operators are computed and kept.</summary>
    internal bool ExposesValues => KeepsValues || GradientOf is not null;

    /// <summary>Whether the plan trains a parameter.</summary>
    internal bool Trains(Parameter parameter) => GradientOf is null && (parameter.IsTrained || (TrainsLate && parameter.IsLate));

    /// <summary>Whether the plan trains any parameter of a node.</summary>
    internal bool Trains(Node node) => node.Parameters.Any(Trains);
}
