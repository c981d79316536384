using GpuCnn.Engine;
using GpuCnn.Engine.Training;

namespace GpuCnn;

/// <content>Finding a learning rate.</content>
public sealed partial class Model
{
    /// <summary>
    /// Runs the learning rate range test: training steps at rising rates, as <see cref="Fit"/> would take them. The model is afterwards
    /// what
    /// it was, and nothing is written.
    /// </summary>
    /// <param name="data">Its classes are those of the model.</param>
    /// <param name="options">As for <see cref="Fit"/>; rate, schedule, length and folder do not count.</param>
    /// <param name="test">Rates and steps; null takes the defaults.</param>
    /// <param name="observer">Gets each step.</param>
    /// <param name="cancellation">Ends the test without a result.</param>
    /// <exception cref="GpuCnnException">Settings, data and network do not go together, or images cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public LearningRateRange FindLearningRate(
        ImageData data, FitOptions? options = null, RangeTestOptions? test = null, Action<RangePoint>? observer = null,
        CancellationToken cancellation = default)
    {
        ImagePreparation before = Preparation;
        try
        {
            return TrainingRun.TestRange(this, data, options ?? (FitOptions)Defaults.For(data.Training.Count), test ?? new(), observer,
                cancellation);
        }
        finally
        {
            Preparation = before;
            // The optimizer's memory goes, the weights stay.
            ToHost();
        }
    }
}
