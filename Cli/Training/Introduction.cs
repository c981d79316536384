using System.Globalization;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Models;
using GpuCnn.Runs;

namespace GpuCnn.Cli.Training;

/// <summary>Writes what a run is about to do, before its first step.</summary>
internal static class Introduction
{
    /// <param name="resumedFrom">The checkpoint, or another place, that the run continues from; null for a new run.</param>
    public static void Write(TextWriter output, TrainingRun run, string? resumedFrom = null)
    {
        RunConfig config = run.Config;
        Network network = run.Model.Network;
        Device device = run.Model.Device;
        TrainingSettings settings = config.Settings;
        output.WriteLine($"Model     {config.Model}: {Words.Number(network.ParameterCount)} parameters, input {network.Input}, "
            + $"{Words.Count(config.Classes.Count, "class", "classes")}");
        WriteRecipe(output, run);
        output.WriteLine($"Data      {config.Data}: {run.Data.Description}");
        Warnings.WriteOfData(output, run);
        string augmentation = config.Augmentation == "none" ? "" : $", augmented by {config.Augmentation}";
        string judged = config.ResizeTo == 0 ? ""
            : $" (to judge: resize to {config.ResizeTo}, centre {network.Input.Width}x{network.Input.Height})";
        if (config.IgnoresExif) judged += ", as stored whatever EXIF says";
        output.WriteLine($"Images    {config.Fit.ToString().ToLowerInvariant()}{judged}, mean {Numbers(config.Mean)}, "
            + $"std {Numbers(config.Std)}{augmentation}");
        if (settings.MixesImages) output.WriteLine(
            $"Mixing    {Mixing(settings)}; the top-1 of training counts the label of an image's larger share");
        if (settings.ClassWeights is { } weights)
        {
            IReadOnlyList<float> each = weights.For(run.Data.Training.CountPerClass());
            output.WriteLine($"Classes   weigh {Rounded(each.Min())} to {Rounded(each.Max())} in the loss of training "
                + (weights.Numbers is null ? "(balanced); " : "(as given, scaled to a mean of 1 over the images); ")
                + "validation counts all alike");
        }
        if (settings.BalancedSampling) output.WriteLine(
            $"Classes   drawn equally often, {Words.Count(run.Data.Training.Count, "image", "images")} an epoch");
        output.WriteLine($"Device    {device.Name}: {device.Description}"
            + (settings.Precision == default ? "" : $"; {settings.Precision.Name()}"));
        if (device.KernelCompiler is { } compiler) output.WriteLine($"Kernels   by {compiler}");
        if (!run.Ranks.IsAlone) WriteRanks(output, run);
        output.WriteLine($"Memory    {Words.Bytes(run.DeviceBytes)} on the device, in batches of {settings.Batch}"
            + (run.Ranks.IsAlone ? "" : " over all ranks"));
        if (run.AskedBatch > settings.Batch) output.WriteLine(
            $"          a batch of {run.AskedBatch} does not fit in it: smaller ones are accumulated, for the same images a step");
        if (settings.Accumulate > 1) output.WriteLine(
            $"Step      {settings.Accumulate} batches of {settings.Batch}, {settings.EffectiveBatch} images, for one update"
            + (network.Graph.Nodes.Any(node => node.Operator is BatchNorm2d) ? "; batch norm sees one batch at a time" : ""));
        output.WriteLine($"Training  {Length(settings, run)}, seed {settings.Seed}{LeftOver(settings, run)}");
        if (settings.EarlyStop > 0) output.WriteLine(
            $"          ends when validation has not become better for {Words.Count(settings.EarlyStop, "epoch", "epochs")}");
        if (settings.TimeLimit is { } limit) output.WriteLine(
            $"          ends within {limit} of the first step, validation and final weights included");
        if (settings.Loss is not SoftmaxCrossEntropy) output.WriteLine($"Loss      {Settings.Describe(settings.Loss)}");
        string smoothing = settings.Loss is SoftmaxCrossEntropy { LabelSmoothing: > 0 and var share }
            ? $", label smoothing {Invariant(share)}" : "";
        output.WriteLine($"Rate      {Invariant(settings.LearningRate)}{Scaled(run)}, {Describe(settings.Schedule)}; "
            + $"{Settings.Describe(settings.Optimizer)}{smoothing}");
        if (settings.HeadLearningRate is { } rate) output.WriteLine($"          {Invariant(rate)} for the class layers: "
            + string.Join(" ", network.Parameters.Where(parameter => parameter is { IsHead: true, IsTrained: true })));
        if (settings.Ema > 0) output.WriteLine(
            $"Average   of the weights, decay {Invariant(settings.Ema)}: validated beside them, and saved as ema.safetensors");
        string drawn = config.StartedAnew is { } paths ? $"; {string.Join(", ", paths)} reinitialized: the classes differ" : "";
        if (config.Weights is not null) output.WriteLine($"Weights   from {config.Weights}{drawn}");
        if (config.Freeze is { } patterns)
        {
            Parameter[] frozen = [.. FrozenPaths.Of(network, patterns)];
            output.WriteLine($"Frozen    {Words.Count(frozen.Length, "tensor", "tensors")} of "
                + $"{Words.Number(frozen.Sum(parameter => (long)parameter.Spec.Count))} parameters, by {string.Join(" ", patterns)}"
                + (settings.UnfreezeAt > 0 ? $"; trained from epoch {settings.UnfreezeAt} on" : ""));
        }
        if (config.FreezeBatchNorm) output.WriteLine(
            $"Norms     {Words.Count(network.Graph.Nodes.Count(node => node.FreezesStatistics), "batch norm", "batch norms")} with frozen "
            + $"running statistics; scale and shift {(ScalesAreTrained(network) ? "trained" : "frozen")}");
        output.WriteLine($"Run       {run.Directory!.Path}");
        if (resumedFrom is not null) output.WriteLine($"Resumed   at step {run.Step}, from {resumedFrom}");
        output.WriteLine();
        foreach (string unreadable in run.Unreadable)
            output.WriteLine($"Note: a newer checkpoint cannot be read, and the run goes on from an older one: {unreadable}\n");
        WriteShortened(output, settings, run);
        WriteReplaced(output, device, run);
    }

    /// <summary>Writes which processes train together, what each has of a batch, and what its norms see.</summary>
    private static void WriteRanks(TextWriter output, TrainingRun run)
    {
        (int ranks, int batch) = (run.Ranks.Size, run.Settings.Batch);
        string share = batch % ranks == 0 ? $"{batch / ranks}" : $"{batch / ranks} or {batch / ranks + 1}";
        bool hasNorms = run.Model.Network.Graph.Nodes.Any(node => node.Operator is BatchNorm2d && !node.FreezesStatistics);
        string norms = !hasNorms ? "" : run.Settings.SyncsNorms ? $"; batch norms see all {batch}"
            : $"; batch norms see {share} (--sync-bn: all {batch})";
        output.WriteLine($"Ranks     {run.Ranks.Description}; {(share == "1" ? "1 image" : $"{share} images")} each of a batch of "
            + $"{batch}{norms}; gradients in {Words.Count(run.GradientPieces, "piece", "pieces")}");
        if (run.RanksOfADevice > 1) output.WriteLine(
            $"          {run.RanksOfADevice} ranks share a GPU: their host has more ranks than GPUs");
    }

    /// <summary>
    /// Writes one line about algorithms that the run asks for and the device lacks: results differ in their last bits. Writes nothing if it
    /// has all.
    /// </summary>
    private static void WriteReplaced(TextWriter output, Device device, TrainingRun run)
    {
        IReadOnlyDictionary<string, string> taken = run.Taken;
        // The tuned table has problems of other networks too; a resumed run's own table does not.
        IEnumerable<KeyValuePair<string, string>> kept =
            run.ResumedFrom is null ? run.Kept.Where(algorithm => taken.ContainsKey(algorithm.Key)) : run.Kept;
        string[] replaced =
            [.. kept.Where(algorithm => taken.GetValueOrDefault(algorithm.Key) != algorithm.Value).Select(algorithm => algorithm.Value)];
        if (replaced.Length == 0) return;
        string names = string.Join(", ", replaced.Distinct().Order(StringComparer.Ordinal));
        output.WriteLine(
            $"Note: {device.Name} does not have {names}, which {Words.Count(replaced.Length, "step was", "steps were")} to take; "
            + "the device's own rule takes their place, so that sums are added in another order. "
            + "gpucnn devices says what was found, gpucnn tune measures again.\n");
    }

    /// <summary>Writes what the recipe decides beside the numbers below, as far as this network uses it.</summary>
    private static void WriteRecipe(TextWriter output, TrainingRun run)
    {
        (RunConfig config, Recipe recipe, Network network) = (run.Config, run.Model.Recipe, run.Model.Network);
        List<string> parts = [config.Recipe];
        if (config.Weights is null)
        {
            string raised = network.Parameters.Any(parameter => parameter.Spec.Role == ParameterRole.Bias
                && StartsRaised(parameter, recipe))
                ? $", some biases {Invariant(recipe.Start.RaisedBias)}" : "";
            parts.Add($"weights by {recipe.Start.Name}{raised}");
        }
        float[] dropped = [.. network.Graph.Nodes.Select(node => node.Operator).OfType<Dropout>().Select(dropout => dropout.Probability)
            .Distinct().Where(share => share > 0)];
        if (dropped.Length > 0) parts.Add($"dropout {string.Join(" and ", dropped.Select(Invariant))}");
        float[] heads = [.. network.Graph.Heads.Select(head => head.Weight).Distinct()];
        if (heads.Length > 0) parts.Add($"{Words.Count(network.Graph.Heads.Count, "training head", "training heads")} of weight "
            + $"{string.Join(" and ", heads.Select(Invariant))}");
        if (config.Settings.Optimizer is { MaxFilterRms: > 0 and var rms }) parts.Add($"filters held to an RMS of {Invariant(rms)}");
        output.WriteLine($"Recipe    {string.Join("; ", parts)}");
        if (recipe.NotApplied.Count > 0) output.WriteLine($"          not applied: {string.Join("; ", recipe.NotApplied)}");
    }

    private static bool ScalesAreTrained(Network network) =>
        network.Graph.Nodes.Any(node => node.FreezesStatistics && node.Parameters.Any(parameter => parameter.IsTrained));

    private static bool StartsRaised(Parameter parameter, Recipe recipe) =>
        recipe.Start.RaisedBias != 0 && parameter.Spec.Initializer == Initializer.Constant(recipe.Start.RaisedBias);

    private static string Length(TrainingSettings settings, TrainingRun run) => settings.Steps is null
        ? $"{Words.Count(settings.Epochs, "epoch", "epochs")} of {Words.Count(run.StepsPerEpoch, "step", "steps")}"
        : $"{Words.Count(run.TotalSteps, "step", "steps")} in epochs of {Words.Number(run.StepsPerEpoch)}";

    /// <summary>Says how many images an epoch leaves out because they do not fill a batch.</summary>
    private static string LeftOver(TrainingSettings settings, TrainingRun run)
    {
        int left = run.Data.Training.Count % settings.EffectiveBatch;
        return left == 0 ? "" : $"; each epoch leaves out {Words.Count(left, "other image", "other images")}, too few for a batch";
    }

    /// <summary>Says where the rate comes from when it is the recipe's, scaled to a smaller batch.</summary>
    private static string Scaled(TrainingRun run)
    {
        (TrainingSettings settings, TrainingSettings recipe) = (run.Settings, run.Model.Recipe.Settings);
        if (run.Config.RateScale is { } ranks) return $" ({Invariant(settings.LearningRate / ranks)} times {ranks} ranks)";
        bool isScaled = settings.EffectiveBatch < recipe.Batch
            && settings.LearningRate == recipe.AtBatch(settings.Batch, settings.Accumulate).LearningRate;
        return isScaled
            ? $" (the recipe's {Invariant(recipe.LearningRate)} at a batch of {recipe.Batch}, scaled to {settings.EffectiveBatch})" : "";
    }

    /// <summary>Says what the schedule of this run does not come to.</summary>
    private static void WriteShortened(TextWriter output, TrainingSettings settings, TrainingRun run)
    {
        long warmup = settings.Schedule.Warmup * run.StepsPerEpoch;
        if (warmup >= run.TotalSteps) output.WriteLine(
            $"Note: the run ends within its {Words.Count(settings.Schedule.Warmup, "epoch", "epochs")} of warm-up, before the rate has "
            + "come to its value.\n");
    }

    private static string Describe(Schedule schedule)
    {
        if (schedule.Warmup == 0) return Settings.Describe(schedule);
        Schedule after = Settings.With(schedule, new Dictionary<string, object?> { ["warmup"] = 0 });
        return $"{Settings.Describe(after)} after {Words.Count(schedule.Warmup, "epoch", "epochs")} of warm-up";
    }

    private static string Mixing(TrainingSettings settings) => (settings.Mixup, settings.CutMix) switch
    {
        ( > 0, > 0) => $"mixup {Invariant(settings.Mixup)} or cutmix {Invariant(settings.CutMix)}, one drawn for each batch",
        ( > 0, _) => $"mixup {Invariant(settings.Mixup)}",
        _ => $"cutmix {Invariant(settings.CutMix)}",
    };

    private static string Numbers(IReadOnlyList<float> values) =>
        string.Join(" ", values.Select(value => value.ToString("0.####", CultureInfo.InvariantCulture)));

    private static string Rounded(float value) => value.ToString("G3", CultureInfo.InvariantCulture);

    private static string Invariant(float value) => value.ToString(CultureInfo.InvariantCulture);
}
