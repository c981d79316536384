using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Training;

/// <summary>How a range test goes.</summary>
public sealed record RangeTestOptions : INamed
{
    /// <summary>Fewest steps that give a curve.</summary>
    public const int FewestSteps = 10;

    /// <inheritdoc/>
    public string Name => "range test";

    /// <summary>Learning rate of the first step.</summary>
    [Setting("Learning rate of the first step.", Above = 0)]
    public float From { get; init => field = Setting.Check(this, value); } = 1e-6f;

    /// <summary>Learning rate of the last step.</summary>
    [Setting("Learning rate of the last step.", Above = 0)]
    public float To { get; init => field = Setting.Check(this, value); } = 10;

    /// <summary>Steps from one to the other; the test ends before where the loss explodes.</summary>
    [Setting("Steps from the first rate to the last.", AtLeast = FewestSteps, AtMost = 1_000_000)]
    public int Steps { get; init => field = Setting.Check(this, value); } = 100;

    /// <exception cref="GpuCnnException">The rate does not rise.</exception>
    public void Check()
    {
        if (From >= To) throw new GpuCnnException(FormattableString.Invariant(
            $"A range test expects a first rate below the last one, but got {From} and {To}."));
    }

    /// <summary>The rate of a step: it rises by the same factor from each to the next.</summary>
    internal float RateAt(int step) => (float)(From * Math.Pow((double)To / From, step / (Steps - 1.0)));
}

/// <summary>A step of a range test.</summary>
/// <param name="Loss">Mean over the step's images, before its update.</param>
/// <param name="Smoothed">Exponentially weighted mean of the losses so far, without the bias of its start.</param>
public sealed record RangePoint(int Step, float LearningRate, double Loss, double Smoothed);

/// <summary>
/// The learning rate range test (Smith, 2017, https://arxiv.org/abs/1506.01186): training steps at exponentially rising rates, which show
/// the rates at which the loss falls, and where it explodes.
/// </summary>
/// <param name="Points">The steps, in order of their rates.</param>
/// <param name="Exploded">Whether the test ended because the loss rose to four times its lowest, or was not finite.</param>
public sealed record LearningRateRange(IReadOnlyList<RangePoint> Points, bool Exploded)
{
    /// <summary>Times the lowest smoothed loss at which the loss counts as exploded.</summary>
    public const double Explosion = 4;

    private const double Smoothing = 0.95;

    /// <summary>Share of the first steps that no suggestion comes from: their mean is of few losses.</summary>
    private const double Settling = 0.1;

    /// <summary>The step with the lowest smoothed loss; null without steps.</summary>
    public RangePoint? Lowest { get; } = Points.MinBy(point => point.Smoothed);

    /// <summary>
    /// The step at which the smoothed loss falls fastest over the logarithm of the rate, before its lowest value; null where it
    /// never falls.
    /// </summary>
    public RangePoint? Steepest { get; } = FindSteepest(Points);

    /// <summary>A tenth of the rate with the lowest loss; null where the loss never falls.</summary>
    public float? TenthOfLowest => Steepest is null ? null : Lowest!.LearningRate / 10;

    /// <summary>
    /// The suggested rate, that of <see cref="Steepest"/>; null where the loss never falls: other weights, or other rates, may tell more.
    /// </summary>
    public float? Suggestion => Steepest?.LearningRate;

    /// <summary>
    /// Runs the test, from the store's weights and with an optimizer that starts at zero. Afterwards weights and state are what they were,
    /// also after a failure.
    /// </summary>
    /// <param name="parameters">A store for training.</param>
    /// <param name="training">Opened for the settings.</param>
    /// <param name="settings">Those of training; rate, schedule and length do not count.</param>
    /// <param name="observer">Gets each step.</param>
    /// <exception cref="GpuCnnException">Settings, data and network do not go together, or images cannot be read.</exception>
    public static LearningRateRange Measure(
        ParameterStore parameters, IDataset training, TrainingSettings settings, RangeTestOptions options,
        IReadOnlyDictionary<string, string>? algorithms = null, Action<RangePoint>? observer = null,
        CancellationToken cancellation = default)
    {
        options.Check();
        settings.Check();
        TrainingSize.CheckBatch(settings, training.Count);
        using var plan = new Plan(parameters,
            TrainingPlans.Options(settings with { Ema = 0, UnfreezeAt = 0 }, Trainer.Weighted(settings, training)) with
            {
                Algorithms = algorithms,
            });
        plan.CheckMemory();
        KeyValuePair<string, Tensor>[] weights = [.. parameters.ExportWeights()];
        try
        {
            return Run(plan, training, settings, options, observer, cancellation);
        }
        finally
        {
            var tensors = weights.ToDictionary();
            foreach (Graphs.Parameter parameter in parameters.Network.Parameters)
                parameters.SetWeights(parameter, tensors[parameter.Path]);
        }
    }

    private static LearningRateRange Run(
        Plan plan, IDataset training, TrainingSettings settings, RangeTestOptions options, Action<RangePoint>? observer,
        CancellationToken cancellation)
    {
        var points = new List<RangePoint>();
        var (mean, weight, lowest) = (0.0, 0.0, double.PositiveInfinity);
        using IBatchReader reader = training.ReadTraining(settings.EffectiveBatch, settings.Seed, 0);
        for (int step = 0; step < options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Batch batch = reader.Next() ?? throw new InvalidOperationException("Training batches never end.");
            float rate = options.RateAt(step);
            BatchResult result = plan.Train(batch, rate, settings.Seed, (ulong)step);
            // A batch without a readable image says nothing.
            if (result.Images == 0) continue;
            if (!double.IsFinite(result.Loss))
            {
                if (step == 0)
                    throw new UnusableStartException(
                        $"The range test stopped: the loss is {result.Loss} at step 1, before any update. The starting weights give values "
                        + "that are not finite, or images hold some.");
                return new(points, Exploded: true);
            }
            mean = Smoothing * mean + (1 - Smoothing) * result.Loss;
            weight = Smoothing * weight + (1 - Smoothing);
            points.Add(new(step, rate, result.Loss, mean / weight));
            observer?.Invoke(points[^1]);
            lowest = Math.Min(lowest, mean / weight);
            if (mean / weight > Explosion * lowest) return new(points, Exploded: true);
        }
        return new(points, Exploded: false);
    }

    private static RangePoint? FindSteepest(IReadOnlyList<RangePoint> points)
    {
        if (points.Count == 0) return null;
        int lowest = Enumerable.Range(0, points.Count).MinBy(i => points[i].Smoothed);
        int first = Math.Max(1, (int)(Settling * points.Count));
        (double slope, RangePoint? at) = (0, null);
        for (int i = first; i < lowest; i++)
        {
            double rise = (points[i + 1].Smoothed - points[i - 1].Smoothed)
                / Math.Log((double)points[i + 1].LearningRate / points[i - 1].LearningRate);
            if (rise < slope) (slope, at) = (rise, points[i]);
        }
        return at;
    }
}
