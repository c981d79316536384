using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
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
        TrainingSettings settings = own with
        {
            Epochs = Epochs ?? own.Epochs,
            Steps = Steps ?? own.Steps,
            Batch = Batch ?? own.Batch,
            LearningRate = LearningRate ?? own.LearningRate,
            Momentum = Momentum ?? own.Momentum,
            Nesterov = Nesterov || own.Nesterov,
            WeightDecay = WeightDecay ?? own.WeightDecay,
            Loss = Loss ?? own.Loss,
            // A recipe's smoothing is of the loss that it names.
            LabelSmoothing = LabelSmoothing ?? (Loss == null || Loss == own.Loss ? own.LabelSmoothing : 0),
            // So is its mixing.
            Mixup = Mixup ?? (Loss == null || Loss == own.Loss ? own.Mixup : 0),
            CutMix = CutMix ?? (Loss == null || Loss == own.Loss ? own.CutMix : 0),
            Seed = Seed ?? own.Seed,
            SaveEvery = SaveEvery ?? own.SaveEvery,
            Schedule = own.Schedule with
            {
                Name = Schedule ?? own.Schedule.Name,
                Gamma = Gamma ?? own.Schedule.Gamma,
                StepEpochs = StepEpochs ?? own.Schedule.StepEpochs,
                Milestones = Milestones ?? own.Schedule.Milestones,
                Power = Power ?? own.Schedule.Power,
                Patience = Patience ?? own.Schedule.Patience,
                WarmupEpochs = Warmup ?? own.Schedule.WarmupEpochs,
            },
        };
        CheckSchedule(settings.Schedule.Name);
        if (Nesterov && settings.Momentum == 0) throw new UsageException("--nesterov expects a --momentum above 0, but got 0; leave one of them out.");
        if (settings.Schedule is { Name: "multistep", Milestones.Count: 0 })
            throw new UsageException("--schedule multistep expects --milestones, the epochs at which the rate drops, but got none; give them as in --milestones 30,60,80.");
        UsageException.Guard(() =>
        {
            settings.Check();
            return GpuCnn.Augmentation.Parse(Augmentation ?? recipe.Augmentation);
        });
        return settings;
    }

    /// <summary>A number that the schedule does not use is refused: it would be ignored.</summary>
    private void CheckSchedule(string schedule)
    {
        (string Option, bool IsGiven, string[] Schedules)[] uses =
        [
            ("--gamma", Gamma != null, ["step", "multistep", "plateau"]),
            ("--step-epochs", StepEpochs != null, ["step"]),
            ("--milestones", Milestones != null, ["multistep"]),
            ("--power", Power != null, ["poly"]),
            ("--patience", Patience != null, ["plateau"]),
        ];
        foreach ((string option, bool isGiven, string[] schedules) in uses)
            if (isGiven && !schedules.Contains(schedule))
                throw new UsageException($"{option} belongs to --schedule {string.Join(" or ", schedules)}, but the schedule is {schedule}; leave it out or name that schedule.");
    }
}
