using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>
/// The plans of a run: one that trains, another from the epoch on at which frozen parameters are trained too, and those that judge.
/// </summary>
internal sealed class TrainingPlans : IDisposable
{
    private readonly ParameterStore _parameters;
    private readonly Plan? _late;
    private readonly int _lateEpoch;
    private Plan _training;

    /// <param name="loss">That of training.</param>
    /// <param name="validationImages">Images to validate on; null for none.</param>
    /// <param name="ranks">Ranks that share them, and each batch.</param>
    public TrainingPlans(
        ParameterStore parameters, TrainingSettings settings, Loss loss, int? validationImages,
        IReadOnlyDictionary<string, string>? algorithms, Communicator ranks)
    {
        _parameters = parameters;
        _lateEpoch = settings.UnfreezeAt;
        PlanOptions options = Options(settings, loss, ranks) with { Algorithms = algorithms };
        _training = new(parameters, options with { TrainsLate = false });
        if (options.TrainsLate) _late = new(parameters, options);
        if (validationImages is not { } images) return;
        var judging = new PlanOptions
        {
            // A rank without an image to judge has a plan all the same.
            Images = Math.Clamp(new Shard(ranks.Rank, ranks.Size).Of(images).Count, 1, options.Images),
            Loss = settings.Loss.ForValidation,
            Algorithms = algorithms,
            Precision = settings.Precision,
            UploadsAhead = true,
        };
        Validation = new(parameters, judging);
        if (settings.Ema > 0) Average = new(parameters, judging with { ReadsAverages = true });
    }

    /// <summary>Judges the weights; null without validation.</summary>
    public Plan? Validation { get; }

    /// <summary>Judges their moving average; null where there is none, and without validation.</summary>
    public Plan? Average { get; }

    /// <summary>Training steps whose results may be unknown at once.</summary>
    public int MostPending => _training.MostPending;

    /// <summary>Pieces in which ranks sum the gradients; 0 for a process by itself.</summary>
    public int GradientPieces => _training.Buckets.Count;

    /// <summary>Chosen algorithms by problem.</summary>
    public IReadOnlyDictionary<string, string> Algorithms => _training.Choices
        .Concat(_late?.Choices ?? []).Concat(Validation?.Choices ?? [])
        .DistinctBy(choice => choice.Problem).ToDictionary(choice => choice.Problem, choice => choice.Algorithm);

    /// <summary>Bytes on the device during the run.</summary>
    public long DeviceBytes => Math.Max(_training.TotalBytes, _late?.TotalBytes ?? 0) + JudgingBytes;

    private long JudgingBytes => (Validation?.ArenaBytes ?? 0) + (Average?.ArenaBytes ?? 0);

    /// <summary>Returns the largest smaller batch that can be trained in <paramref name="bytes"/>, or 0.</summary>
    public int LargestBatch(long bytes) => (_late ?? _training).LargestBatch(bytes - _parameters.Bytes - JudgingBytes);

    /// <summary>Returns the plan that trains in an epoch. Epochs are asked for in ascending order.</summary>
    /// <param name="epoch">From 1.</param>
    public Plan ForEpoch(long epoch)
    {
        if (_late is null || _training == _late || epoch < _lateEpoch) return _training;
        // The two are never on the device together.
        _training.Dispose();
        return _training = _late;
    }

    /// <summary>Options of the plan that trains all that is ever trained.</summary>
    /// <param name="ranks">Ranks that share a batch; null is a process by itself.</param>
    public static PlanOptions Options(TrainingSettings settings, Loss loss, Communicator? ranks = null)
    {
        ranks ??= Communicator.Alone;
        (int first, int count) = new Shard(ranks.Rank, ranks.Size).Of(settings.Batch);
        return new()
        {
            Images = count,
            Ranks = ranks,
            AllImages = ranks.IsAlone ? null : settings.Batch,
            FirstImage = first,
            SyncsNorms = settings.SyncsNorms,
            Accumulate = settings.Accumulate,
            AverageDecay = settings.Ema,
            HeadRate = settings.HeadLearningRate / settings.LearningRate ?? 1,
            Training = true,
            Loss = loss,
            MixedLabels = settings.MixesImages,
            Optimizer = settings.Optimizer,
            TrainsLate = settings.UnfreezeAt > 0,
            Precision = settings.Precision,
            UploadsAhead = true,
        };
    }

    public void Dispose()
    {
        _training.Dispose();
        _late?.Dispose();
        Validation?.Dispose();
        Average?.Dispose();
    }
}
