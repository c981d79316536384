using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;

namespace GpuCnn.Engine.Tuning;

/// <summary>Time of a step of a plan.</summary>
/// <param name="Name">As in "conv1 transform filter".</param>
/// <param name="Seconds">Median of the repetitions.</param>
/// <param name="Bytes">Bytes of memory that the step reads and writes, each once.</param>
public sealed record StepTime(string Name, double Seconds, long Bytes);

/// <summary>Time of a layer's steps of one pass.</summary>
/// <param name="Layer">Path of the layer; "input", "loss" or "update" for steps of no layer.</param>
/// <param name="Type">The operator with what is fused into it, as in "Conv2d + ReLU"; empty for steps of no layer.</param>
/// <param name="Operations">Floating-point operations of the products, two for each multiply-add; 0 where there are none.</param>
public sealed record LayerTime(string Layer, string Type, StepPass Pass, double Operations, IReadOnlyList<StepTime> Steps)
{
    public double Seconds { get; } = Steps.Sum(step => step.Seconds);

    /// <summary>Bytes of memory that the steps read and write.</summary>
    public long Bytes { get; } = Steps.Sum(step => step.Bytes);

    public double OperationsPerSecond => Operations / Seconds;

    public double BytesPerSecond => Bytes / Seconds;
}

/// <summary>
/// The times of a plan's steps on a device, by its own clock where it has one. Elsewhere the device finishes each step before the next
/// begins, and the host's clock measures the time between; what that adds shows beside the time of the whole.
/// </summary>
/// <param name="Layers">By layer and pass, in the order they run.</param>
/// <param name="WholeSeconds">Time of all steps without a wait between them: the median of the repetitions.</param>
/// <param name="Images">Images of the batch.</param>
/// <param name="Repetitions">Measurements of each step.</param>
public sealed record StepTimes(IReadOnlyList<LayerTime> Layers, double WholeSeconds, int Images, int Repetitions)
{
    private const int MostRepetitions = 50;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1);

    /// <summary>Sum of the steps' times.</summary>
    public double SumSeconds { get; } = Layers.Sum(layer => layer.Seconds);

    /// <summary>Whether the host waited for the device after each step; otherwise a step ends when its call returns.</summary>
    public bool WaitsForDevice { get; init; }

    /// <summary>Whether the device's clock measured the steps, one after another without a wait.</summary>
    public bool IsDeviceClock { get; init; }

    /// <summary>Number of steps.</summary>
    public int StepCount { get; } = Layers.Sum(layer => layer.Steps.Count);

    /// <summary>Measures a training step with a run's settings, one batch for each update.</summary>
    /// <inheritdoc cref="Measure(Network, Device, PlanOptions, int, CancellationToken)"/>
    public static StepTimes MeasureTraining(
        Network network, Device device, TrainingSettings settings, IReadOnlyDictionary<string, string>? algorithms = null,
        int fewest = 5, CancellationToken cancellation = default) =>
        Measure(network, device, new()
        {
            Images = settings.Batch,
            Training = true,
            Loss = settings.Loss,
            Optimizer = settings.Optimizer,
            AverageDecay = settings.Ema,
            Algorithms = algorithms,
            Precision = settings.Precision,
        }, fewest, cancellation);

    /// <summary>
    /// Measures the steps of a plan on random images and random weights of its own: at least <paramref name="fewest"/> times, and then
    /// until a second has gone by.
    /// </summary>
    /// <param name="options">A plan of one batch for each update and one label for each image.</param>
    /// <exception cref="DeviceOutOfMemoryException">The device's memory does not hold the plan.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled between two repetitions.</exception>
    public static StepTimes Measure(
        Network network, Device device, PlanOptions options, int fewest = 5, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fewest);
        using ParameterStore parameters = device.CreateParameters(network, options.Training);
        using var plan = new Plan(parameters, options);
        plan.CheckMemory();
        parameters.Initialize(seed: 1);
        Batch batch = SyntheticBatch.Of(network, options.Images);
        int steps = plan.Steps.Count;
        var times = new List<double[]>();
        var whole = new List<double>();
        // The first run warms up compilers and caches.
        plan.RunTimed(batch, new double[steps]);
        plan.RunWhole(batch);
        long start = Stopwatch.GetTimestamp();
        while (times.Count < fewest || (times.Count < MostRepetitions && Stopwatch.GetElapsedTime(start) < Enough))
        {
            cancellation.ThrowIfCancellationRequested();
            times.Add(new double[steps]);
            plan.RunTimed(batch, times[^1]);
            whole.Add(plan.RunWhole(batch));
        }
        double[] medians = [.. Enumerable.Range(0, steps).Select(step => Median(times.Select(run => run[step])))];
        return new(Group(plan, medians), Median(whole), options.Images, times.Count)
        { WaitsForDevice = device.RunsBesideHost && !plan.HasDeviceClock, IsDeviceClock = plan.HasDeviceClock };
    }

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>A layer's parts of one pass become one row, at the place of the first.</summary>
    private static IReadOnlyList<LayerTime> Group(Plan plan, double[] seconds) =>
    [
        .. plan.Parts.GroupBy(part => (part.Pass, part.Node)).Select(group => new LayerTime(
            NameOf(group.Key.Pass, group.Key.Node), TypeOf(group.Key.Node), group.Key.Pass,
            OperationsOf(plan.Options, group.Key.Pass, group.Key.Node),
            [.. group.SelectMany(part => Enumerable.Range(part.First, part.End - part.First))
                .Select(step => Of(plan, step, seconds[step]))])),
    ];

    private static StepTime Of(Plan plan, int step, double seconds)
    {
        PlanStep use = plan.StepUses[step];
        return new(use.Name, seconds, use.Uses.Sum(memory => memory.Bytes * (memory.Access == Access.Update ? 2 : 1)));
    }

    private static string NameOf(StepPass pass, PlanNode? node) => node?.Name ?? pass switch
    {
        StepPass.Forward => "input",
        StepPass.Loss => "loss",
        _ => "update",
    };

    private static string TypeOf(PlanNode? node) => node is null ? "" : string.Join(" + ",
        [node.Node.Operator.Type, .. node.Addend is null ? (string[])[] : ["Add"],
            .. node.Activation is { } activation ? (string[])[activation.GetType().Name] : []]);

    /// <summary>Each of the passes multiplies as often as the forward pass does.</summary>
    private static double OperationsOf(PlanOptions options, StepPass pass, PlanNode? node) => node is null ? 0 : pass switch
    {
        StepPass.Forward or StepPass.BackwardData => 2.0 * node.Node.MultiplyAdds * options.Images,
        StepPass.BackwardWeights when node.Node.Parameters.Any(parameter => parameter.Spec.Role == ParameterRole.Weight
            && options.Trains(parameter)) => 2.0 * node.Node.MultiplyAdds * options.Images,
        _ => 0,
    };
}
