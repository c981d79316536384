using System.Diagnostics;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Training;

/// <content>Checkpoints, and what ends a run that diverges.</content>
public sealed partial class Trainer
{
    /// <summary>Continues from the run's newest readable checkpoint, and returns its path; rank 0 of several reads it for all.</summary>
    /// <exception cref="GpuCnnException">There is no readable checkpoint.</exception>
    public string Resume()
    {
        string? path = _ranks.OnFirst(Read);
        _at = _ranks.ShareResumed(_at);
        _schedule.State = _at.Schedule;
        if (_at.Guard.Length > 0) _guard.State = _at.Guard;
        return path ?? "";
    }

    private string Read()
    {
        RunDirectory run = _run ?? throw new InvalidOperationException("A trainer without a folder has nothing to resume from.");
        GpuCnnException? first = null;
        foreach (string path in run.Checkpoints())
        {
            try
            {
                _at = Checkpoint.Load(path, _parameters, _settings.Optimizer, _settings.Ema > 0, ImagesOfOpenEpoch);
            }
            catch (GpuCnnException exception)
            {
                first ??= exception;
                _unreadable.Add(exception.Message);
                continue;
            }
            _writer.Continue(path, _at);
            run.TrimMetrics(_at.Step);
            return path;
        }
        throw first ?? new GpuCnnException(
            $"{run.Path} has no checkpoint to resume from; the run was stopped before its first one. Start it again.");
    }

    /// <summary>Saves the initial weights as the first checkpoint.</summary>
    public void SaveStart()
    {
        _rate = RateAt(_at.Step);
        Save(null);
    }

    /// <summary>Saves the state after the last step, whose results are known.</summary>
    private string? Save(ITrainingObserver? observer)
    {
        try
        {
            _limit.Begin();
            (string? path, bool isNew) = _ranks.OnFirst(() => (_writer.Save(_at, out bool isWritten), isWritten));
            if (isNew) _limit.EndSaving();
            _saved = Stopwatch.GetTimestamp();
            if (isNew) observer?.CheckpointSaved(path!);
            return path;
        }
        catch (TrainingDivergedException exception)
        {
            throw Diverged(exception.Message);
        }
        catch (RankFailedException exception) when (exception.InnerException is TrainingDivergedException diverged)
        {
            throw Diverged(diverged.Message);
        }
    }

    /// <summary>Refuses weights that are not finite before they are trained.</summary>
    /// <exception cref="UnusableStartException">A tensor holds NaN or infinity.</exception>
    public void CheckStart()
    {
        if (_parameters.FirstNonFinite() is { } broken)
            throw new UnusableStartException(
                $"Training expects finite weights to start from, but {broken.Path} holds NaN or infinity; start from other weights.");
    }

    /// <summary>Refuses weights that are not finite, as saving them would.</summary>
    private void CheckFinite()
    {
        foreach ((string name, Tensor tensor) in _parameters.ExportWeights())
            if (tensor.Values.Any(value => !float.IsFinite(value)))
                throw Diverged($"{name} holds values that are not finite after step {_at.Step}");
    }

    /// <summary>A loss that is not finite: the rate's fault, unless nothing was updated before.</summary>
    private GpuCnnException NotFinite(double loss) => _at.Step == 0
        ? new UnusableStartException(
            $"Training stopped: the loss is {loss} at step 1, before any update. The starting weights give values that are not finite, or "
            + "images hold some; there is no checkpoint yet.")
        : Diverged($"the loss became {loss} at step {_at.Step + 1} (epoch {_at.Step / _stepsPerEpoch + 1})");

    private TrainingDivergedException Diverged(string what)
    {
        // Going on where the loss had exploded already would not help.
        string? good = _writer.NewestGood, best = _run is not null && _at.Best is not null ? _run.BestPath : null;
        string rest = good is not null ? $"The last good checkpoint is {good}."
            : best is not null ? $"No checkpoint is good; the weights of the best epoch are {best}."
            : _writer.Newest is null ? "There is no checkpoint yet." : "No checkpoint is good.";
        return new($"Training stopped: {what}; the learning rate of {_rate:G3} is likely too high for this network. {rest}")
        {
            LearningRate = _settings.LearningRate,
            Checkpoint = good ?? best,
        };
    }
}
