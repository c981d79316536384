namespace GpuCnn.Engine.Training;

/// <summary>After a step. Sums run over the epoch so far.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="Step">Steps of the run that are done.</param>
/// <param name="StepsInEpoch">Steps of this epoch that are done.</param>
public readonly record struct StepReport(
    int Epoch, int Epochs, long Step, long TotalSteps, long StepsInEpoch, long StepsPerEpoch,
    float LearningRate, double EpochLoss, double EpochTop1, double BatchLoss, double ImagesPerSecond)
{
    /// <summary>Share of the epoch's time so far that passed waiting for images.</summary>
    public double WaitingShare { get; init; }
}

/// <summary>After an epoch: a row of <c>metrics.csv</c>.</summary>
/// <param name="ImagesPerSecond">Of training alone.</param>
/// <param name="Seconds">Since the run began, earlier sessions of it included.</param>
public sealed record EpochReport(
    int Epoch, long Step, float LearningRate, double TrainLoss, double TrainTop1, EvaluationResult? Validation,
    double ImagesPerSecond, double Seconds)
{
    /// <summary>Share of the time of its training steps that passed waiting for images; of this session's steps.</summary>
    public double WaitingShare { get; init; }
}

/// <summary>How a run ended.</summary>
public enum TrainingEnd
{
    Completed,

    /// <summary>Stopped on request; a checkpoint was saved.</summary>
    Interrupted,
}

/// <param name="WeightsPath">The final weights, or the checkpoint to resume from; null where the run has no folder.</param>
/// <param name="Last">The last finished epoch, if any.</param>
public sealed record TrainingOutcome(TrainingEnd End, string? WeightsPath, EpochReport? Last, long Step);

/// <summary>Is told how a run goes; overrides what it wants to know. Called on the training thread: be quick.</summary>
public interface ITrainingObserver
{
    /// <summary>After each step.</summary>
    void StepDone(in StepReport report) { }

    /// <summary>Before the validation images of an epoch are judged.</summary>
    void Validating(int epoch) { }

    /// <summary>After each epoch, with its validation.</summary>
    void EpochDone(EpochReport report) { }

    /// <summary>After a checkpoint was written.</summary>
    void CheckpointSaved(string path) { }
}
