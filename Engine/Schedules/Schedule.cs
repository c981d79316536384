using System.Text.Json.Serialization;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>
/// Describes how the learning rate changes over a run, as a factor on the base rate. It is immutable; <see cref="Start"/> creates the state
/// of a run. To add a schedule, add a class; <see cref="Registry"/> finds it by name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Schedule>))]
public abstract class Schedule : INamed
{
    public abstract string Name { get; }

    /// <summary>Epochs of linear warm-up before the schedule's own factor is reached.</summary>
    [Setting("Epochs in which the learning rate rises from 0.", AtLeast = 0)]
    public int Warmup { get; init => field = Setting.Check(this, value); }

    /// <summary>
    /// Whether the curve begins at the first step, so that its first factors are lost in warm-up. Runs of older versions did that.
    /// </summary>
    [Setting("Whether the schedule's curve begins with warm-up, not after it.", WhenTrue = "begun at the first step")]
    public bool OverlapsWarmup { get; init; }

    /// <summary>Creates the state for the beginning of a run.</summary>
    /// <exception cref="SettingException">A required setting has no value.</exception>
    public RunningSchedule Start()
    {
        Settings.CheckComplete(this);
        RunningSchedule running = Begin();
        return Warmup == 0 ? running : new Warmup(Warmup, OverlapsWarmup, running);
    }

    /// <summary>Creates the state of a run without warm-up.</summary>
    protected abstract RunningSchedule Begin();
}

/// <summary>A schedule whose factor depends only on the step, so that a run keeps no state.</summary>
public abstract class FixedSchedule : Schedule
{
    /// <summary>Returns the factor for the next step, without warm-up.</summary>
    protected abstract float FactorAt(Progress progress);

    protected sealed override RunningSchedule Begin() => new Running(this);

    private sealed class Running(FixedSchedule schedule) : RunningSchedule
    {
        public override float FactorAt(Progress progress) => schedule.FactorAt(progress);
    }
}
