using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>What the options of <c>train</c> say; null is what was not said.</summary>
internal sealed record TrainRequest
{
    public string? Model { get; init; }

    public string? Data { get; init; }

    public string? Validation { get; init; }

    public string? Weights { get; init; }

    public IReadOnlyList<string> Freeze { get; init; } = [];

    public string? Out { get; init; }

    public string? Resume { get; init; }

    public string? Recipe { get; init; }

    public Shape? Input { get; init; }

    public ImageFit? Fit { get; init; }

    public string? Augmentation { get; init; }

    /// <summary>Pixels that the shorter side of judged images is scaled to.</summary>
    public int? ResizeTo { get; init; }

    /// <summary>Pixels of the input's sides, in place of <see cref="Input"/>.</summary>
    public int? Crop { get; init; }

    public bool IgnoresExif { get; init; }

    public FeedRequest Feed { get; init; } = new();

    public BadImagePolicy? BadImages { get; init; }

    public bool ExcludeDuplicates { get; init; }

    public string? Device { get; init; }

    public int? Threads { get; init; }

    public int? Epochs { get; init; }

    public int? Steps { get; init; }

    public int? SaveEvery { get; init; }

    public int? Batch { get; init; }

    public float? LearningRate { get; init; }

    public float? Momentum { get; init; }

    public bool Nesterov { get; init; }

    public float? WeightDecay { get; init; }

    public string? Loss { get; init; }

    public float? LabelSmoothing { get; init; }

    public float? Mixup { get; init; }

    public float? CutMix { get; init; }

    public ulong? Seed { get; init; }

    public string? Schedule { get; init; }

    public float? Gamma { get; init; }

    public int? StepEpochs { get; init; }

    public IReadOnlyList<int>? Milestones { get; init; }

    public float? Power { get; init; }

    public int? Patience { get; init; }

    public int? Warmup { get; init; }

    /// <summary>The recipe's settings with what was said in place of them.</summary>
    /// <exception cref="UsageException">They do not go together.</exception>
    public TrainingSettings SettingsFor(Models.Recipe recipe)
    {
        TrainingSettings own = recipe.Settings;
        if (Nesterov && Momentum == 0) throw new UsageException("--nesterov expects a --momentum above 0, but got 0; leave one of them out.");
        Engine.Schedules.Schedule schedule = ScheduleFor(own.Schedule);
        // A recipe's smoothing and mixing are of the loss that it names.
        bool isOwnLoss = Loss is null || Loss == own.Loss.Name;
        Engine.Losses.Loss loss = isOwnLoss ? own.Loss : Registry<Engine.Losses.Loss>.Find(Loss!);
        Refuse("loss", loss, ("label-smoothing", LabelSmoothing));
        return UsageException.Guard(() =>
        {
            TrainingSettings settings = own with
            {
                Epochs = Epochs ?? own.Epochs,
                Steps = Steps ?? own.Steps,
                Batch = Batch ?? own.Batch,
                LearningRate = LearningRate ?? own.LearningRate,
                Optimizer = With(own.Optimizer, ("momentum", Momentum), ("nesterov", Nesterov ? true : null), ("weight-decay", WeightDecay)),
                Loss = With(loss, ("label-smoothing", LabelSmoothing)),
                Mixup = Mixup ?? (isOwnLoss ? own.Mixup : 0),
                CutMix = CutMix ?? (isOwnLoss ? own.CutMix : 0),
                Seed = Seed ?? own.Seed,
                SaveEvery = SaveEvery ?? own.SaveEvery,
                Schedule = schedule,
            };
            settings.Check();
            _ = GpuCnn.Augmentation.Parse(Augmentation ?? recipe.Augmentation);
            return settings;
        });
    }

    /// <summary>The schedule asked for, or the recipe's; a number that it does not have is refused, for it would be ignored.</summary>
    private Engine.Schedules.Schedule ScheduleFor(Engine.Schedules.Schedule own)
    {
        var warmup = new Dictionary<string, object?> { ["warmup"] = own.Warmup };
        Engine.Schedules.Schedule schedule =
            Schedule is null || Schedule == own.Name ? own : Registry<Engine.Schedules.Schedule>.Create(Schedule, warmup);
        (string Name, object? Value)[] given =
        [
            ("gamma", Gamma), ("step-epochs", StepEpochs), ("milestones", Milestones), ("power", Power), ("patience", Patience),
            ("warmup", Warmup),
        ];
        Refuse("schedule", schedule, given);
        schedule = With(schedule, given);
        if (schedule is MultiStep { Milestones.Count: 0 })
            throw new UsageException("--schedule multistep expects --milestones, the epochs at which the rate drops, but got none; give them as in --milestones 30,60,80.");
        return schedule;
    }

    /// <summary>Refuses a number that a member of a set does not have: it would be ignored.</summary>
    private static void Refuse<T>(string option, T member, params (string Name, object? Value)[] given) where T : class, INamed
    {
        foreach ((string name, object? value) in given)
        {
            if (value is null || Has(member, name)) continue;
            IEnumerable<string> having = Registry<T>.All.Where(known => Has(known, name)).Select(known => known.Name);
            throw new UsageException(
                $"--{name} belongs to --{option} {string.Join(" or ", having)}, but the {option} is {member.Name}; leave it out or name that {option}.");
        }
    }

    private static bool Has(INamed member, string name) => Settings.Of(member.GetType()).Any(setting => setting.Name == name);

    private static T With<T>(T member, params (string Name, object? Value)[] given) where T : class =>
        Settings.With(member, given.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Name, pair => pair.Value));
}
