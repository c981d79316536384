using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Training;
using GpuCnn.Runs;

namespace GpuCnn;

/// <content>Training.</content>
public sealed partial class Model
{
    private readonly List<string> _frozen = [];

    /// <summary>Patterns given to <see cref="Freeze"/>.</summary>
    public IReadOnlyList<string> Frozen => _frozen;

    /// <summary>
    /// Keeps parameters as they are while the model is fitted, by their paths: <c>layer1.*</c>. * stands for any letters, dots included,
    /// ? for one. Running statistics go on.
    /// </summary>
    /// <exception cref="GpuCnnException">A pattern names nothing that could be trained, or nothing is left to train.</exception>
    public void Freeze(params IReadOnlyList<string> patterns)
    {
        ToHost();
        FrozenPaths.Freeze(_network, patterns);
        _frozen.AddRange(patterns);
    }

    /// <summary>Prepares what is frozen to be trained from an epoch on (<see cref="TrainingSettings.UnfreezeAt"/>).</summary>
    internal void TrainFrozenLate()
    {
        ToHost();
        _network.TrainFrozenLate();
    }

    /// <summary>
    /// Whether batch norms use and keep their running statistics while the model is fitted (<see cref="FreezeBatchNorm"/>).
    /// </summary>
    public bool FreezesBatchNorm { get; private set; }

    /// <summary>
    /// Makes batch norms use their running statistics while the model is fitted, and leave them as they are. Scale and shift are trained
    /// unless <see cref="Freeze"/> names them too.
    /// </summary>
    /// <exception cref="GpuCnnException">The network has no batch norm.</exception>
    public void FreezeBatchNorm()
    {
        ToHost();
        if (_network.FreezeStatistics() == 0)
            throw new GpuCnnException($"Freezing batch norms expects a network with batch norms, but {Name} has none.");
        FreezesBatchNorm = true;
    }

    /// <summary>Lets all parameters be trained again, and batch norms use their batches.</summary>
    public void Unfreeze()
    {
        ToHost();
        _network = _build();
        _frozen.Clear();
        FreezesBatchNorm = false;
    }

    /// <summary>
    /// Trains on a data set and keeps the weights; a second call goes on from them. With a folder (<see cref="FitOptions.Folder"/>) the
    /// run saves checkpoints, and <see cref="Resume(string, ResumeOptions?)"/> goes on with it after an interruption.
    /// </summary>
    /// <param name="data">Its classes are those of the model.</param>
    /// <param name="options">Null takes those of the architecture's recipe, <see cref="Defaults"/>; a small data set gets a smaller
    /// batch (<see cref="TrainingSettings.For"/>).</param>
    /// <param name="observer">Is told how the run goes.</param>
    /// <param name="cancellation">Stops after a step, with a checkpoint where there is a folder.</param>
    /// <returns>How the run ended: its last epoch has the accuracy.</returns>
    /// <exception cref="GpuCnnException">Settings, data and network do not go together, or the run fails.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite; the weights are of no use then.</exception>
    public TrainingOutcome Fit(
        ImageData data, FitOptions? options = null, ITrainingObserver? observer = null, CancellationToken cancellation = default)
    {
        using TrainingRun run = Prepare(data, options);
        return run.Run(observer, cancellation);
    }

    /// <summary>Prepares a run without starting it: what it costs is known then.</summary>
    /// <inheritdoc cref="Fit"/>
    public TrainingRun Prepare(ImageData data, FitOptions? options = null) =>
        TrainingRun.New(this, data, options ?? (FitOptions)Defaults.For(data.Training.Count));

    /// <summary>
    /// Goes on with the run in a folder as if it had never stopped, to its end. The model has the run's device for itself.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="options">What to do otherwise; null changes nothing.</param>
    /// <exception cref="GpuCnnException">The folder holds no run, its data has changed, or the run fails.</exception>
    public static Model Resume(string folder, ResumeOptions? options = null) => Resume(folder, null, options);

    /// <summary>Goes on with the run of a network of one's own.</summary>
    /// <param name="layers">The same layers that the run trains.</param>
    /// <inheritdoc cref="Resume(string, ResumeOptions?)"/>
    public static Model Resume(string folder, Layer? layers, ResumeOptions? options = null)
    {
        using TrainingRun run = TrainingRun.Open(folder, options ?? new(), layers);
        try
        {
            if (!run.IsComplete) run.Run();
        }
        catch
        {
            run.Model.Dispose();
            throw;
        }
        return run.Model;
    }
}
