using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>Writes the weights files of a run: checkpoints, the best epoch's weights, the final ones.</summary>
/// <param name="run">Folder of the run; null writes nothing.</param>
/// <param name="keep">Checkpoints that stay, besides the newest good one; 0 keeps all.</param>
/// <param name="averages">Whether a moving average of the weights is kept.</param>
internal sealed class CheckpointWriter(
    RunDirectory? run, ModelMetadata metadata, ParameterStore parameters, Optimizer optimizer, int keep, bool averages)
{
    private readonly int _classes = metadata.Classes.Count;

    /// <summary>The newest checkpoint that this process wrote or read; null if there is none.</summary>
    public string? Newest { get; private set; }

    /// <summary>The newest checkpoint whose state was good (<see cref="TrainingState.IsGood"/>); null if there is none.</summary>
    public string? NewestGood { get; private set; }

    /// <summary>Goes on from a checkpoint that was read.</summary>
    public void Continue(string path, TrainingState state)
    {
        Newest = path;
        NewestGood = state.IsGood(_classes) ? path : null;
    }

    /// <summary>Writes a checkpoint unless that of this step is the newest, and returns its path.</summary>
    /// <param name="isNew">Whether it was written now.</param>
    /// <exception cref="TrainingDivergedException">Weights are not finite.</exception>
    public string? Save(TrainingState state, out bool isNew)
    {
        isNew = false;
        if (run is null) return null;
        string path = run.CheckpointPath(state.Step);
        if (path == Newest) return path;
        Checkpoint.Save(path, state, metadata, parameters, optimizer, averages);
        isNew = true;
        Newest = path;
        if (state.IsGood(_classes)) NewestGood = path;
        run.RemoveOldCheckpoints(state.Step, keep, NewestGood is null ? [] : [NewestGood]);
        return path;
    }

    /// <summary>Writes the weights of the best epoch.</summary>
    public void SaveBest()
    {
        if (run is not null) ModelFile.Save(run.BestPath, metadata, parameters.ExportWeights());
    }

    /// <summary>Writes the final weights, and their moving average if one is kept, and returns the path of the weights.</summary>
    public string? SaveFinal()
    {
        if (run is null) return null;
        if (averages) ModelFile.Save(run.AveragePath, metadata, parameters.ExportAverages());
        ModelFile.Save(run.FinalPath, metadata, parameters.ExportWeights());
        return run.FinalPath;
    }
}
