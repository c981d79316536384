using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>What a run is about to do, before its first step.</summary>
internal static class Introduction
{
    public static void Write(TextWriter output, PreparedRun prepared, Device device, Trainer trainer, RunDirectory run, string? resumedFrom)
    {
        RunConfig config = prepared.Config;
        TrainingSettings settings = config.Settings;
        output.WriteLine($"Model     {config.Model}: {Words.Number(prepared.Network.ParameterCount)} parameters, input {prepared.Network.Input}, {Words.Count(config.Classes.Count, "class", "classes")}");
        output.WriteLine($"Data      {config.Data}: {prepared.Data.Description}");
        string augmentation = config.Augmentation == "none" ? "" : $", augmented by {config.Augmentation}";
        output.WriteLine($"Images    {config.Fit.ToString().ToLowerInvariant()}, mean {Numbers(config.Mean)}, std {Numbers(config.Std)}{augmentation}");
        output.WriteLine($"Device    {device.Name}: {device.Description}");
        output.WriteLine($"Memory    {Words.Bytes(trainer.DeviceBytes)} on the device, in batches of {settings.Batch}");
        output.WriteLine($"Training  {Length(settings, trainer)}, seed {settings.Seed}");
        output.WriteLine($"Rate      {Invariant(settings.LearningRate)}, {Describe(settings.Schedule)}; momentum {Invariant(settings.Momentum)}{(settings.Nesterov ? " (Nesterov)" : "")}, "
            + $"weight decay {Invariant(settings.WeightDecay)}{(settings.LabelSmoothing > 0 ? $", label smoothing {Invariant(settings.LabelSmoothing)}" : "")}");
        string anew = config.StartedAnew is { } paths ? $"; {string.Join(", ", paths)} start anew, for the classes are others" : "";
        if (config.Weights != null) output.WriteLine($"Weights   from {config.Weights}{anew}");
        if (config.Freeze is { } patterns)
        {
            Parameter[] frozen = [.. FrozenPaths.Of(prepared.Network, patterns)];
            output.WriteLine($"Frozen    {Words.Count(frozen.Length, "tensor", "tensors")} of {Words.Number(frozen.Sum(parameter => (long)parameter.Spec.Count))} parameters, by {string.Join(" ", patterns)}");
        }
        output.WriteLine($"Run       {run.Path}");
        if (resumedFrom != null) output.WriteLine($"Resumed   at step {trainer.Step}, from {resumedFrom}");
        output.WriteLine();
    }

    private static string Length(TrainingSettings settings, Trainer trainer) => settings.Steps == null
        ? $"{Words.Count(settings.Epochs, "epoch", "epochs")} of {Words.Count(trainer.StepsPerEpoch, "step", "steps")}"
        : $"{Words.Count(trainer.TotalSteps, "step", "steps")} in epochs of {Words.Number(trainer.StepsPerEpoch)}";

    private static string Describe(ScheduleSettings schedule)
    {
        string numbers = schedule.Name switch
        {
            "step" => $", times {Invariant(schedule.Gamma)} every {Words.Count(schedule.StepEpochs, "epoch", "epochs")}",
            "multistep" => $", times {Invariant(schedule.Gamma)} at epochs {string.Join(", ", schedule.Milestones)}",
            "poly" => $", power {Invariant(schedule.Power)}",
            "plateau" => $", times {Invariant(schedule.Gamma)} after {Words.Count(schedule.Patience, "epoch", "epochs")} without improvement",
            _ => "",
        };
        string warmup = schedule.WarmupEpochs == 0 ? "" : $" after {Words.Count(schedule.WarmupEpochs, "epoch", "epochs")} of warm-up";
        return schedule.Name + numbers + warmup;
    }

    private static string Numbers(IReadOnlyList<float> values) => string.Join(" ", values.Select(value => value.ToString("0.####", CultureInfo.InvariantCulture)));

    private static string Invariant(float value) => value.ToString(CultureInfo.InvariantCulture);
}
