using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <content>
/// Steps and their results, which are known while later steps run. Before anything follows from results or is saved, those of all steps
/// are read.
/// </content>
public sealed partial class Trainer
{
    private void Begin(Batch batch, long step, Func<Batch?>? next)
    {
        Plan plan = _plans.ForEpoch(step / _stepsPerEpoch + 1);
        float rate = RateAt(step);
        plan.BeginTraining(batch, rate, _settings.Seed, (ulong)step, next);
        _pending.Enqueue((plan, rate));
    }

    /// <summary>Reads results until no more than <paramref name="left"/> steps have unknown ones.</summary>
    /// <exception cref="TrainingDivergedException">The loss of a step is not finite.</exception>
    private void ReadResults(int left, ITrainingObserver observer)
    {
        while (_pending.Count > left) Know(EndOldest(), observer);
    }

    /// <summary>Waits for the oldest step's results, over all ranks.</summary>
    private BatchResult EndOldest()
    {
        (Plan plan, _rate) = _pending.Dequeue();
        return _ranks.Sum(plan.EndTraining());
    }

    /// <summary>Takes the results of the step after the last known one into account.</summary>
    private void Know(BatchResult result, ITrainingObserver observer)
    {
        if (!double.IsFinite(result.LossSum))
        {
            // Later steps were trained on these weights; what they give does not count.
            while (_pending.TryDequeue(out (Plan Plan, float Rate) later)) later.Plan.EndTraining();
            throw NotFinite(result.Loss);
        }
        long now = Stopwatch.GetTimestamp();
        double seconds = Stopwatch.GetElapsedTime(_mark, now).TotalSeconds;
        _mark = now;
        _stepSeconds += seconds;
        _at = _at with
        {
            Step = _at.Step + 1,
            EpochLoss = _at.EpochLoss + result.LossSum,
            EpochTop1 = _at.EpochTop1 + result.Top1,
            EpochImages = _at.EpochImages + result.Images,
            EpochSeconds = _at.EpochSeconds + seconds,
            Seconds = _at.Seconds + seconds,
        };
        observer.StepDone(Report(result.Loss));
        if (IsGuarded(_at.Step) && result.Images > 0) Watch(result.Loss, observer);
    }

    /// <summary>Looks at the loss of a step of the first epoch.</summary>
    private void Watch(double loss, ITrainingObserver observer)
    {
        bool halves = _guard.Halves(loss, _at.Step - 1);
        _at = _at with { Guard = _guard.State };
        if (halves) observer.RateHalved(_at.Step, loss, _guard.Factor);
    }

    /// <summary>Steps begun: those that are done, and those whose results are not known yet.</summary>
    private long Steps => _at.Step + _pending.Count;

    /// <summary>Reads images. If that fails, saves the steps since the last checkpoint before the failure propagates.</summary>
    private T Guard<T>(Func<T> read, ITrainingObserver observer)
    {
        try
        {
            return read();
        }
        catch (UnreadableDataException exception) when (Steps > 0 && _run is not null)
        {
            ReadResults(0, observer);
            Save(observer);
            throw new UnreadableDataException($"{exception.Message} The {_at.Step} steps done are saved.", exception)
            {
                RunFolder = _run.Path,
            };
        }
        catch (RankFailedException exception) when (Steps > 0)
        {
            // All ranks are here, with the same steps done.
            ReadResults(0, observer);
            Save(observer);
            throw new UnreadableDataException($"{exception.Message} The {_at.Step} steps done are saved.", exception)
            {
                RunFolder = _run?.Path,
            };
        }
    }
}
