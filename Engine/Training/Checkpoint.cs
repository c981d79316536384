using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Training;

/// <summary>
/// The file that a run resumes from exactly: weights, the optimizer's slots, and the <see cref="TrainingState"/> as metadata.
/// </summary>
internal static class Checkpoint
{
    private const string OptimizerKey = "optimizer", AverageSlot = "ema";

    /// <summary>Writes weights, slots and state to one file.</summary>
    /// <exception cref="TrainingDivergedException">Weights are not finite.</exception>
    public static void Save(string path, TrainingState state, ModelMetadata metadata, ParameterStore parameters, Optimizer optimizer,
        bool averages)
    {
        var tensors = parameters.ExportWeights().ToList();
        foreach ((string name, Tensor tensor) in tensors)
            if (tensor.Values.Any(value => !float.IsFinite(value)))
                throw new TrainingDivergedException($"{name} holds values that are not finite after step {state.Step}");
        tensors.AddRange(
            from slot in optimizer.Slots
            from parameter in parameters.Network.Learned
            select KeyValuePair.Create(WeightsFile.StateName(slot, parameter.Path), parameters.GetSlot(slot, parameter)));
        if (averages) tensors.AddRange(
            from average in parameters.ExportAverages()
            select KeyValuePair.Create(WeightsFile.StateName(AverageSlot, average.Key), average.Value));
        var extra = new Dictionary<string, string>
        {
            [OptimizerKey] = optimizer.Name,
            ["step"] = Text(state.Step),
            ["schedule"] = state.Schedule,
            ["guard"] = state.Guard,
            ["epoch_loss"] = Text(state.EpochLoss),
            ["epoch_top1"] = Text(state.EpochTop1),
            ["epoch_images"] = Text(state.EpochImages),
            ["epoch_seconds"] = Text(state.EpochSeconds),
            ["seconds"] = Text(state.Seconds),
            ["last_loss"] = Text(state.LastLoss),
            ["lowest_loss"] = Text(state.LowestLoss),
        };
        if (state.Best is { } best)
        {
            extra["best_epoch"] = Text(best.Epoch);
            extra["best_step"] = Text(best.Step);
            extra["best_top1"] = Text(best.Top1);
            extra["best_loss"] = Text(best.Loss);
        }
        ModelFile.Save(path, metadata, tensors, extra);
    }

    /// <summary>Reads a checkpoint into the parameters.</summary>
    /// <param name="imagesAt">Images of the open epoch at a step, for files that do not count them.</param>
    /// <exception cref="GpuCnnException">The file is damaged, or belongs to another model or optimizer.</exception>
    public static TrainingState Load(string path, ParameterStore parameters, Optimizer optimizer, bool averages,
        Func<long, long> imagesAt)
    {
        ModelFile file = ModelFile.Load(path);
        CheckOptimizer(path, file, optimizer);
        WeightsFile.LoadInto(parameters, file, path);
        foreach (string slot in optimizer.Slots)
            foreach (Parameter parameter in parameters.Network.Learned) parameters.SetSlot(slot, parameter, Kept(slot, parameter));
        if (averages)
            foreach (Parameter parameter in parameters.Network.Parameters) parameters.SetAverage(parameter, Kept(AverageSlot, parameter));
        try
        {
            return Read(file.Extra, imagesAt);
        }
        catch (Exception exception) when (exception is KeyNotFoundException or FormatException or OverflowException)
        {
            throw new GpuCnnException($"{path} does not record its run's progress: it is not a checkpoint, or it is damaged.", exception);
        }

        Tensor Kept(string slot, Parameter parameter) =>
            file.Tensors.TryGetValue(WeightsFile.StateName(slot, parameter.Path), out Tensor? tensor) ? tensor
            : throw new NotACheckpointException(
                $"{path} holds weights but not the {slot} of {parameter.Path}: it is not a checkpoint.", path);
    }

    /// <summary>Reads the state. Files of older versions lack the count of images, the guard and the best epoch.</summary>
    private static TrainingState Read(IReadOnlyDictionary<string, string> extra, Func<long, long> imagesAt)
    {
        long step = Whole("step");
        double epochSeconds = Number("epoch_seconds");
        return new(step)
        {
            Schedule = extra["schedule"],
            Guard = extra.GetValueOrDefault("guard", ""),
            EpochLoss = Number("epoch_loss"),
            EpochTop1 = Whole("epoch_top1"),
            EpochImages = extra.ContainsKey("epoch_images") ? Whole("epoch_images") : epochSeconds > 0 ? imagesAt(step) : 0,
            EpochSeconds = epochSeconds,
            Seconds = Number("seconds"),
            LastLoss = extra.ContainsKey("last_loss") ? Number("last_loss") : double.NaN,
            LowestLoss = extra.ContainsKey("lowest_loss") ? Number("lowest_loss") : double.PositiveInfinity,
            Best = extra.ContainsKey("best_epoch")
                ? new((int)Whole("best_epoch"), Whole("best_step"), Number("best_top1"), Number("best_loss")) : null,
        };

        long Whole(string key) => long.Parse(extra[key], CultureInfo.InvariantCulture);
        double Number(string key) => double.Parse(extra[key], NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    /// <summary>Refuses the state of another optimizer. Older files do not name one, because there was only SGD.</summary>
    private static void CheckOptimizer(string path, ModelFile file, Optimizer optimizer)
    {
        string saved = file.Extra.GetValueOrDefault(OptimizerKey, new Sgd().Name);
        if (saved == optimizer.Name) return;
        throw new OtherOptimizerException($"{path} is a checkpoint of {saved}, but the run trains with {optimizer.Name}.", path, saved);
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
