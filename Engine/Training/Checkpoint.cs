using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Training;

/// <summary>
/// What a run needs to go on as if it had never stopped, beside its configuration: weights, velocities, the step, the schedule's state, and
/// the sums of the epoch so far. The order of the images, augmentation and dropout follow from the seed and the step.
/// </summary>
internal sealed record Checkpoint(long Step, string ScheduleState, double EpochLoss, long EpochTop1, double EpochSeconds, double Seconds)
{
    private const string VelocityPrefix = "velocity:";

    /// <summary>Writes weights, velocities and state as one file.</summary>
    public void Save(string path, ModelMetadata metadata, ParameterStore parameters)
    {
        var tensors = parameters.ExportWeights().ToList();
        foreach ((string name, Tensor tensor) in tensors)
            if (tensor.Values.Any(value => !float.IsFinite(value)))
                throw new TrainingDivergedException($"{name} holds values that are not finite after step {Step}");
        tensors.AddRange(parameters.Network.Learned.Select(parameter =>
            KeyValuePair.Create(VelocityPrefix + parameter.Path, parameters.GetVelocity(parameter))));
        ModelFile.Save(path, metadata, tensors, new Dictionary<string, string>
        {
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["schedule"] = ScheduleState,
            ["epoch_loss"] = Exact(EpochLoss),
            ["epoch_top1"] = EpochTop1.ToString(CultureInfo.InvariantCulture),
            ["epoch_seconds"] = Exact(EpochSeconds),
            ["seconds"] = Exact(Seconds),
        });
    }

    /// <summary>Reads a checkpoint into the parameters.</summary>
    /// <exception cref="GpuCnnException">The file is damaged, or holds another model.</exception>
    public static Checkpoint Load(string path, ParameterStore parameters)
    {
        ModelFile file = ModelFile.Load(path);
        WeightsFile.LoadInto(parameters, file, path);
        foreach (Parameter parameter in parameters.Network.Learned)
        {
            if (!file.Tensors.TryGetValue(VelocityPrefix + parameter.Path, out Tensor? velocity))
                throw new NotACheckpointException(
                    $"{path} holds weights but not the momentum of {parameter.Path}: it is not a checkpoint.", path);
            parameters.SetVelocity(parameter, velocity);
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
            throw new GpuCnnException($"{path} does not say where its run stood: it is not a checkpoint, or a damaged one.", exception);
        }
    }

    /// <summary>Whether a tensor of a file is a checkpoint's, not a weight.</summary>
    public static bool IsState(string name) => name.StartsWith(VelocityPrefix, StringComparison.Ordinal);

    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double Parse(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
