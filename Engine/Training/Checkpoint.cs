using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Training;

/// <summary>
/// The state that a run needs to resume exactly, besides its configuration: weights, the optimizer's slots, the step, the schedule's state,
/// and the sums of the epoch so far. The seed and the step determine the order of images, augmentation and dropout.
/// </summary>
internal sealed record Checkpoint(long Step, string ScheduleState, double EpochLoss, long EpochTop1, double EpochSeconds, double Seconds)
{
    private const string OptimizerKey = "optimizer";

    /// <summary>Writes weights, slots and state to one file.</summary>
    public void Save(string path, ModelMetadata metadata, ParameterStore parameters, Optimizer optimizer)
    {
        var tensors = parameters.ExportWeights().ToList();
        foreach ((string name, Tensor tensor) in tensors)
            if (tensor.Values.Any(value => !float.IsFinite(value)))
                throw new TrainingDivergedException($"{name} holds values that are not finite after step {Step}");
        tensors.AddRange(
            from slot in optimizer.Slots
            from parameter in parameters.Network.Learned
            select KeyValuePair.Create(WeightsFile.StateName(slot, parameter.Path), parameters.GetSlot(slot, parameter)));
        ModelFile.Save(path, metadata, tensors, new Dictionary<string, string>
        {
            [OptimizerKey] = optimizer.Name,
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["schedule"] = ScheduleState,
            ["epoch_loss"] = Exact(EpochLoss),
            ["epoch_top1"] = EpochTop1.ToString(CultureInfo.InvariantCulture),
            ["epoch_seconds"] = Exact(EpochSeconds),
            ["seconds"] = Exact(Seconds),
        });
    }

    /// <summary>Reads a checkpoint into the parameters.</summary>
    /// <exception cref="GpuCnnException">The file is damaged, or belongs to another model or optimizer.</exception>
    public static Checkpoint Load(string path, ParameterStore parameters, Optimizer optimizer)
    {
        ModelFile file = ModelFile.Load(path);
        CheckOptimizer(path, file, optimizer);
        WeightsFile.LoadInto(parameters, file, path);
        foreach (string slot in optimizer.Slots)
        {
            foreach (Parameter parameter in parameters.Network.Learned)
            {
                if (!file.Tensors.TryGetValue(WeightsFile.StateName(slot, parameter.Path), out Tensor? tensor))
                {
                    throw new NotACheckpointException(
                        $"{path} holds weights but not the {slot} of {parameter.Path}: it is not a checkpoint.", path);
                }
                parameters.SetSlot(slot, parameter, tensor);
            }
        }
        try
        {
            string Get(string key) => file.Extra[key];
            return new(
                long.Parse(Get("step"), CultureInfo.InvariantCulture), Get("schedule"), Parse(Get("epoch_loss")),
                long.Parse(Get("epoch_top1"), CultureInfo.InvariantCulture), Parse(Get("epoch_seconds")), Parse(Get("seconds")));
        }
        catch (Exception exception) when (exception is KeyNotFoundException or FormatException or OverflowException)
        {
            throw new GpuCnnException($"{path} does not record its run's progress: it is not a checkpoint, or it is damaged.", exception);
        }
    }

    /// <summary>Refuses the state of another optimizer. Older files do not name one, because there was only SGD.</summary>
    private static void CheckOptimizer(string path, ModelFile file, Optimizer optimizer)
    {
        string saved = file.Extra.GetValueOrDefault(OptimizerKey, new Sgd().Name);
        if (saved == optimizer.Name) return;
        throw new OtherOptimizerException($"{path} is a checkpoint of {saved}, but the run trains with {optimizer.Name}.", path, saved);
    }

    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double Parse(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
