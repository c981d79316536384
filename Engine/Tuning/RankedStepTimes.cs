using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Tuning;

/// <summary>
/// Times of a training step of ranks that train together, beside a rank without others, all measured in turn: medians of the rounds, in
/// which the slowest rank counts. They are the same on all ranks.
/// </summary>
/// <param name="AloneSeconds">A step of rank 0 while the others wait.</param>
/// <param name="ComputeSeconds">A step of all ranks at the same time, each for itself: they may share cores and memory.</param>
/// <param name="RankedSeconds">A step of all ranks together.</param>
/// <param name="ExchangeSeconds">The step's exchanges without anything beside them.</param>
/// <param name="Work">The step of all at the same time, and when its pieces of the gradients are ready.</param>
/// <param name="Overlap">What computing and exchanging take from each other.</param>
public sealed record RankedStepTimes(double AloneSeconds, double ComputeSeconds, double RankedSeconds, double ExchangeSeconds,
    StepWork Work, OverlapCost Overlap)
{
    private const int WarmUps = 3, Rounds = 5, MostSteps = 200;

    // Of a measurement in each round.
    private const double LongEnough = 0.3;

    /// <summary>Images of a batch of the rank by itself.</summary>
    public required int AloneImages { get; init; }

    /// <summary>Images of a batch over all ranks.</summary>
    public required int AllImages { get; init; }

    public double AloneImagesPerSecond => AloneImages / AloneSeconds;

    public double ImagesPerSecond => AllImages / RankedSeconds;

    /// <summary>Images per second over those of as many ranks that keep the rate of one alone.</summary>
    /// <param name="ranks">Number of ranks.</param>
    public double Efficiency(int ranks) => ImagesPerSecond / (ranks * AloneImagesPerSecond);

    /// <summary>Part of the exchanges' time that the step does not show; 0 where it shows all or more.</summary>
    public double HiddenShare => Math.Clamp(1 - (RankedSeconds - ComputeSeconds) / ExchangeSeconds, 0, 1);

    /// <summary>The step that the model predicts from times of exchanges.</summary>
    /// <param name="firstSeconds">
    /// Seconds of the smallest exchange after computing (<see cref="ExchangeMeasurement.MeasureFirst"/>).
    /// </param>
    public RankedStep Predict(ExchangeCurve exchange, double firstSeconds) => ScalingModel.Predict(
        Work, exchange.Seconds, Overlap, exchange.StartSeconds / 2, Math.Max(0, firstSeconds - exchange.StartSeconds));

    /// <summary>Measures a network on random images and weights; all ranks call this.</summary>
    /// <param name="device">This rank's device.</param>
    /// <param name="options">A plan that trains, of this rank's images of one batch: its ranks, and the images of all.</param>
    /// <param name="aloneImages">Images of a batch of the rank by itself.</param>
    /// <exception cref="DeviceOutOfMemoryException">The device's memory does not hold the plans.</exception>
    public static RankedStepTimes Measure(Network network, Device device, PlanOptions options, int aloneImages)
    {
        Communicator ranks = options.Ranks;
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var together = new Plan(parameters, options);
        PlanOptions without = options with { Ranks = Communicator.Alone, AllImages = null, FirstImage = 0 };
        using var single = new Plan(parameters, without);
        using var alone = new Plan(parameters, without with { Images = aloneImages });
        foreach (Plan plan in (Plan[])[together, single, alone]) plan.CheckMemory();
        parameters.Initialize(seed: 1);
        Batch own = SyntheticBatch.Of(network, options.Images), whole = SyntheticBatch.Of(network, aloneImages);

        var turns = new Turns(ranks);
        long[] pieces = [.. together.Buckets.Select(bucket => (long)sizeof(float) * bucket.Count)];
        Action stepAlone = ranks.IsFirst ? () => Step(alone, whole) : () => { }, stepOwn = () => Step(single, own),
            stepTogether = () => Step(together, own);
        foreach (Action step in (Action[])[stepAlone, stepOwn, stepTogether])
            for (int i = 0; i < WarmUps; i++) step();
        int alones = turns.Count(stepAlone), steps = turns.Count(stepTogether);
        List<double>[] measured = [[], [], []];
        for (int round = 0; round < Rounds; round++)
        {
            measured[0].Add(turns.Seconds(stepAlone, alones));
            measured[1].Add(turns.Seconds(stepOwn, steps));
            measured[2].Add(turns.Seconds(stepTogether, steps));
        }
        double compute = StepTimes.Median(measured[1]);
        double exchange = ExchangeMeasurement.MeasureAll(ranks, pieces);
        return new(StepTimes.Median(measured[0]), compute, StepTimes.Median(measured[2]), exchange, WorkOf(together, own, ranks, compute),
            OverlapOf(ranks, pieces, exchange, stepOwn, compute))
        { AloneImages = aloneImages, AllImages = options.AllImages!.Value };
    }

    // A tiny rate keeps the weights finite however long this runs.
    private static void Step(Plan plan, Batch batch) => plan.Train(batch, 1e-6f, seed: 1, step: 0);

    /// <summary>
    /// Times the steps of the plan one by one, on all ranks at the same time, and stretches them to the time of the whole.
    /// </summary>
    private static StepWork WorkOf(Plan plan, Batch batch, Communicator ranks, double seconds)
    {
        int count = plan.Steps.Count;
        double[][] runs = [.. Enumerable.Range(0, Rounds + 1).Select(_ =>
        {
            ranks.Barrier();
            var times = new double[count];
            plan.RunTimed(batch, times);
            return times;
        }).Skip(1)];
        double[] medians = [.. Enumerable.Range(0, count).Select(step => StepTimes.Median(runs.Select(run => run[step])))];
        ranks.Sum(medians);
        double scale = seconds / medians.Sum();
        double Until(int step) => scale * medians.AsSpan(0, step).ToArray().Sum();
        double ended = Until(plan.Passes.Update);
        return new(ended, seconds - ended,
            [.. plan.Buckets.Select(bucket => new GradientPiece((long)sizeof(float) * bucket.Count, Until(bucket.ReadyAt)))]);
    }

    /// <summary>Exchanges the same pieces again and again while each rank takes steps for itself.</summary>
    private static OverlapCost OverlapOf(Communicator ranks, IReadOnlyList<long> pieces, double exchange, Action step, double compute)
    {
        // All ranks have the same times, and so the same number.
        int repetitions = (int)Math.Clamp(Math.Max(LongEnough, 5 * compute) / exchange, 1, MostSteps);
        using var exchanging = new ExchangeLoop(ranks, pieces);
        ranks.Barrier();
        long start = Stopwatch.GetTimestamp();
        exchanging.Start(repetitions);
        double taken = 0;
        int steps = 0;
        while (!exchanging.HasEnded)
        {
            step();
            taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
            steps++;
        }
        double exchanged = exchanging.Join();
        // The last step went on without the exchanges for a while, at its own pace.
        double after = Math.Max(0, taken - exchanged), beside = Math.Max(steps - after / compute, 1e-3);
        double[] costs = [exchanged / beside / compute, exchanged / repetitions / exchange];
        ranks.Sum(costs);
        return OverlapCost.Of(costs[0] / ranks.Size, costs[1] / ranks.Size);
    }

    /// <summary>Runs and times the same on all ranks.</summary>
    private sealed class Turns(Communicator ranks)
    {
        /// <summary>Steps that make a measurement long enough: the same on all ranks.</summary>
        public int Count(Action step) => (int)Math.Clamp(LongEnough / Seconds(step, 2), 1, MostSteps);

        /// <summary>Seconds of a step: the mean over the steps of each one's slowest rank.</summary>
        public double Seconds(Action step, int count)
        {
            var own = new double[count];
            for (int i = 0; i < count; i++)
            {
                // Without the wait a fast rank would go ahead, and others' steps would have the machine for themselves.
                ranks.Barrier();
                long start = Stopwatch.GetTimestamp();
                step();
                own[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
            var all = new double[count * ranks.Size];
            ranks.AllGather<double>(own, all);
            return Math.Max(1e-9, Enumerable.Range(0, count)
                .Average(i => Enumerable.Range(0, ranks.Size).Max(rank => all[rank * count + i])));
        }
    }
}
