namespace GpuCnn.Engine.Training;

/// <summary>A schedule by name and numbers, as options and files state it.</summary>
public sealed record ScheduleSettings
{
    private static readonly Dictionary<string, Func<ScheduleSettings, Schedule>> Makers = new()
    {
        ["constant"] = _ => new ConstantSchedule(),
        ["step"] = settings => new StepSchedule(settings.StepEpochs, settings.Gamma),
        ["multistep"] = settings => new MultiStepSchedule(settings.Milestones, settings.Gamma),
        ["cosine"] = _ => new CosineSchedule(),
        ["poly"] = settings => new PolySchedule(settings.Power),
        ["plateau"] = settings => new PlateauSchedule(settings.Gamma, settings.Patience),
    };

    public static IReadOnlyCollection<string> Names => Makers.Keys;

    public string Name { get; init; } = "constant";

    /// <summary>Factor of each drop of step, multistep and plateau.</summary>
    public float Gamma { get; init; } = 0.1f;

    /// <summary>Epochs between the drops of step.</summary>
    public int StepEpochs { get; init; } = 30;

    /// <summary>Epochs at which multistep drops.</summary>
    public IReadOnlyList<int> Milestones { get; init; } = [];

    /// <summary>Exponent of poly.</summary>
    public float Power { get; init; } = 1;

    /// <summary>Epochs without improvement before plateau drops.</summary>
    public int Patience { get; init; } = 3;

    /// <summary>Epochs of linear warm-up.</summary>
    public int WarmupEpochs { get; init; }

    /// <exception cref="GpuCnnException">The name is not known or a number is out of range.</exception>
    public Schedule Create()
    {
        if (!Makers.TryGetValue(Name, out Func<ScheduleSettings, Schedule>? make))
            throw new GpuCnnException($"Schedule expects one of {string.Join(", ", Names)}, but got '{Name}'.");
        if (!(Gamma is > 0 and <= 1)) throw new GpuCnnException($"Schedule {Name} expects a gamma in (0, 1], but got {Gamma}.");
        if (StepEpochs < 1) throw new GpuCnnException($"Schedule {Name} expects at least 1 epoch between steps, but got {StepEpochs}.");
        if (Patience < 1) throw new GpuCnnException($"Schedule {Name} expects a patience of at least 1 epoch, but got {Patience}.");
        if (!(Power > 0)) throw new GpuCnnException($"Schedule {Name} expects a power above 0, but got {Power}.");
        if (WarmupEpochs < 0) throw new GpuCnnException($"Schedule {Name} expects a warm-up of 0 or more epochs, but got {WarmupEpochs}.");
        if (Name == "multistep" && Milestones.Count == 0) throw new GpuCnnException("Schedule multistep expects milestones: the epochs at which the rate drops.");
        Schedule schedule = make(this);
        return WarmupEpochs == 0 ? schedule : new WarmupSchedule(WarmupEpochs, schedule);
    }
}
