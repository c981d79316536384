using System.Text.Json.Serialization;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>
/// Describes how the learning rate changes over a run: a factor on the base rate. It never changes itself; <see cref="Start"/> gives what
/// a run keeps. To add a schedule is to add a class; <see cref="Registry"/> finds it by its name.
/// </summary>
[JsonConverter(typeof(NamedJsonConverter<Schedule>))]
public abstract class Schedule : INamed
{
    public abstract string Name { get; }

    /// <summary>Epochs of linear warm-up before the schedule's own factor is reached.</summary>
    [Setting("Epochs in which the learning rate rises from 0.", AtLeast = 0)]
    public int Warmup { get; init => field = Setting.Check(this, value); }

    /// <summary>Creates the state of a run at its beginning.</summary>
    /// <exception cref="SettingException">A number that has to be given is not.</exception>
    public RunningSchedule Start()
    {
        Settings.CheckComplete(this);
        RunningSchedule running = Begin();
        return Warmup == 0 ? running : new Warmup(Warmup, running);
    }

    /// <summary>Creates the state of a run without warm-up.</summary>
    protected abstract RunningSchedule Begin();
}

/// <summary>A schedule whose factor follows from the step alone: a run keeps nothing of it.</summary>
public abstract class FixedSchedule : Schedule
{
    /// <summary>The factor for the step that comes next, without warm-up.</summary>
    protected abstract float FactorAt(Progress progress);

    protected sealed override RunningSchedule Begin() => new Running(this);

    private sealed class Running(FixedSchedule schedule) : RunningSchedule
    {
        public override float FactorAt(Progress progress) => schedule.FactorAt(progress);
    }
}
