namespace GpuCnn.Engine.Training;

/// <summary>Progress after a step. Sums cover the epoch so far.</summary>
/// <param name="Epoch">Number of the epoch, from 1.</param>
/// <param name="Step">Completed steps of the run.</param>
/// <param name="StepsInEpoch">Completed steps of this epoch.</param>
public readonly record struct StepReport(
    int Epoch, int Epochs, long Step, long TotalSteps, long StepsInEpoch, long StepsPerEpoch,
    float LearningRate, double EpochLoss, double EpochTop1, double BatchLoss, double ImagesPerSecond)
{
    /// <summary>Share of the epoch's time so far spent waiting for images.</summary>
    public double WaitingShare { get; init; }
}

/// <summary>Results of an epoch: a row of <c>metrics.csv</c>.</summary>
/// <param name="ImagesPerSecond">Speed of training only.</param>
/// <param name="Seconds">Seconds since the run began, including earlier sessions.</param>
public sealed record EpochReport(
    int Epoch, long Step, float LearningRate, double TrainLoss, double TrainTop1, EvaluationResult? Validation,
    double ImagesPerSecond, double Seconds)
{
    /// <summary>Results of the moving average of the weights; null if none is kept or nothing validates.</summary>
    public EvaluationResult? AverageValidation { get; init; }

    /// <summary>Share of the training steps' time spent waiting for images, in this session.</summary>
    public double WaitingShare { get; init; }
}

/// <summary>The epoch with the best validation: the highest top-1, of equal ones the lowest loss.</summary>
/// <param name="Step">Steps of the run at its end.</param>
/// <param name="Top1">Share of the validation images that were right.</param>
/// <param name="Loss">Mean over the validation images.</param>
public sealed record BestEpoch(int Epoch, long Step, double Top1, double Loss);

/// <summary>How a run ended.</summary>
public enum TrainingEnd
{
    Completed,

    /// <summary>Ended because validation had not become better for <see cref="TrainingSettings.EarlyStop"/> epochs.</summary>
    StoppedEarly,

    /// <summary>Ended by <see cref="TrainingSettings.TimeLimit"/>, with final weights; the run can be resumed.</summary>
    TimeLimit,

    /// <summary>Stopped on request; a checkpoint was saved.</summary>
    Interrupted,
}

/// <param name="WeightsPath">The final weights, or the checkpoint to resume from; null if the run has no folder.</param>
/// <param name="Last">The last finished epoch, or null.</param>
public sealed record TrainingOutcome(TrainingEnd End, string? WeightsPath, EpochReport? Last, long Step)
{
    /// <summary>The epoch whose weights are the best; null without validation.</summary>
    public BestEpoch? Best { get; init; }

    /// <summary>Weights of that epoch; null if the run has no folder or no validation.</summary>
    public string? BestPath { get; init; }

    /// <summary>Factor that the guard of the first epoch left on the learning rate: 1, or a power of a half.</summary>
    public float RateFactor { get; init; } = 1;
}

/// <summary>Observes a run; implement only the needed methods. They run on the training thread and must be quick.</summary>
public interface ITrainingObserver
{
    /// <summary>Called after each step.</summary>
    void StepDone(in StepReport report) { }

    /// <summary>Called when the loss has risen tenfold in the first epoch, so that the learning rate of later steps is halved.</summary>
    /// <param name="factor">Factor on all rates of the run.</param>
    void RateHalved(long step, double loss, float factor) { }

    /// <summary>Called before an epoch's validation.</summary>
    void Validating(int epoch) { }

    /// <summary>Returns what receives the images of the validation that begins; null asks for none.</summary>
    ImageJudged? Judging(int epoch) => null;

    /// <summary>Called after each epoch and its validation.</summary>
    void EpochDone(EpochReport report) { }

    /// <summary>Called after a checkpoint was written.</summary>
    void CheckpointSaved(string path) { }

    /// <summary>Called when the run's report cannot be written, once. Training goes on.</summary>
    /// <param name="message">One line.</param>
    void ReportFailed(string message) { }
}
