using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Tuning;

/// <summary>
/// Training steps on one batch as a run has them, or evaluations where the plan does not train, to be measured: images are copied to the
/// device again for each step, and where the device computes beside the host, the results of a step are read while the next one runs. Then
/// a call takes as long as a step.
/// </summary>
/// <param name="rate">Learning rate of a plan that trains.</param>
public sealed class SteadySteps(Plan plan, Batch batch, float rate = 0)
{
    private readonly Func<Batch?> _again = () => batch;
    private ulong _step;
    private int _pending;

    /// <summary>Begins a step, and reads the results of the one before.</summary>
    public void Run()
    {
        if (plan.Options.Training) plan.BeginTraining(batch, rate, seed: 1, _step++, _again);
        else plan.BeginEvaluation(batch, next: _again);
        if (++_pending == plan.MostPending) End();
    }

    /// <summary>Reads the results of steps that have begun.</summary>
    public void Finish()
    {
        while (_pending > 0) End();
    }

    private void End()
    {
        _pending--;
        if (plan.Options.Training) plan.EndTraining();
        else plan.EndEvaluation();
    }
}
