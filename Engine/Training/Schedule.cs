using System.Globalization;

namespace GpuCnn.Engine.Training;

/// <summary>Where a run stands, for schedules.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
public readonly record struct Progress(long Step, long StepsPerEpoch, long TotalSteps)
{
    public long Epoch => Step / StepsPerEpoch;
}

/// <summary>How the learning rate changes over a run: a factor on the base rate.</summary>
public abstract class Schedule
{
    /// <summary>The factor for the step that comes next.</summary>
    public abstract float FactorAt(Progress progress);

    /// <summary>Told after each epoch with the error (1 - accuracy) on the validation images, or on the training images where there are none.</summary>
    public virtual void EndEpoch(double error) { }

    /// <summary>What must survive a restart, as text; empty for a schedule that follows from the step alone.</summary>
    public virtual string State { get => ""; set { } }
}

/// <summary>The base rate throughout.</summary>
public sealed class ConstantSchedule : Schedule
{
    public override float FactorAt(Progress progress) => 1;
}

/// <summary>Times gamma every so many epochs.</summary>
public sealed class StepSchedule(int epochs, float gamma) : Schedule
{
    public override float FactorAt(Progress progress) => MathF.Pow(gamma, progress.Epoch / epochs);
}

/// <summary>Times gamma at each of the given epochs.</summary>
public sealed class MultiStepSchedule(IReadOnlyList<int> milestones, float gamma) : Schedule
{
    public override float FactorAt(Progress progress) => MathF.Pow(gamma, milestones.Count(milestone => progress.Epoch >= milestone));
}

/// <summary>Half a cosine from 1 to 0 over the run (Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983).</summary>
public sealed class CosineSchedule : Schedule
{
    public override float FactorAt(Progress progress) => (float)(0.5 * (1 + Math.Cos(Math.PI * progress.Step / progress.TotalSteps)));
}

/// <summary>(1 - step / steps)^power</summary>
public sealed class PolySchedule(float power) : Schedule
{
    public override float FactorAt(Progress progress) => (float)Math.Pow(Math.Max(0, 1 - (double)progress.Step / progress.TotalSteps), power);
}

/// <summary>Times gamma when the validation error has not improved for <paramref name="patience"/> epochs (the 2012 AlexNet's rule, by hand there).</summary>
public sealed class PlateauSchedule(float gamma, int patience) : Schedule
{
    private double _best = double.PositiveInfinity;
    private int _waited, _drops;

    public override float FactorAt(Progress progress) => MathF.Pow(gamma, _drops);

    public override void EndEpoch(double error)
    {
        if (error < _best)
        {
            _best = error;
            _waited = 0;
        }
        else if (++_waited >= patience)
        {
            _waited = 0;
            _drops++;
        }
    }

    public override string State
    {
        get => string.Create(CultureInfo.InvariantCulture, $"{_best:R} {_waited} {_drops}");
        set
        {
            string[] parts = value.Split(' ');
            if (parts.Length != 3
                || !double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out _best)
                || !int.TryParse(parts[1], out _waited) || !int.TryParse(parts[2], out _drops))
                throw new GpuCnnException($"The plateau schedule cannot continue from '{value}'; the checkpoint is damaged or of another schedule.");
        }
    }
}

/// <summary>Rises linearly to the schedule it wraps over the first epochs.</summary>
public sealed class WarmupSchedule(int epochs, Schedule inner) : Schedule
{
    public override float FactorAt(Progress progress)
    {
        long steps = epochs * progress.StepsPerEpoch;
        float factor = inner.FactorAt(progress);
        return progress.Step < steps ? factor * (progress.Step + 1) / steps : factor;
    }

    public override void EndEpoch(double error) => inner.EndEpoch(error);

    public override string State { get => inner.State; set => inner.State = value; }
}
