using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Tuning;

/// <summary>Measurements of a problem.</summary>
/// <param name="Seconds">Seconds by algorithm: the best of the repetitions.</param>
public sealed record TunedProblem(string Problem, string Default, IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>The fastest algorithm, or the fixed rule's if the gain is within the noise.</summary>
    public string Best
    {
        get
        {
            string fastest = Seconds.MinBy(measured => measured.Value).Key;
            return Seconds[fastest] < (1 - Noise) * Seconds[Default] ? fastest : Default;
        }
    }

    /// <summary>Speedup of the best algorithm over the fixed rule's.</summary>
    public double Gain => Seconds[Default] / Seconds[Best];

    /// <summary>A smaller gain is not worth another order of sums.</summary>
    private const double Noise = 0.03;
}

/// <summary>
/// Measures the algorithms of a network's steps on a device: trains with each of a step's candidates in turn, at its place in the network.
/// </summary>
public static class Tuner
{
    private const int Repetitions = 5;

    /// <param name="observer">Receives the number of completed rounds and of all rounds.</param>
    /// <param name="precision">Each has its own problems.</param>
    public static IReadOnlyList<TunedProblem> Measure(
        Network network, Device device, int images, Action<int, int>? observer = null, Precision precision = Precision.Float32)
    {
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        PlanOptions options = new()
        {
            Images = images,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Optimizer = new Sgd(),
            Precision = precision,
        };
        IReadOnlyList<PlanChoice> problems;
        using (var plan = new Plan(parameters, options))
        {
            plan.CheckMemory();
            problems = [.. plan.Choices.DistinctBy(choice => choice.Problem)];
        }
        if (problems.Count == 0) return [];
        parameters.Initialize(seed: 1);
        Batch batch = SyntheticBatch.Of(network, images);
        var seconds = problems.ToDictionary(choice => choice.Problem, _ => new Dictionary<string, double>(StringComparer.Ordinal));
        int rounds = problems.Max(choice => choice.Candidates.Count);
        for (int round = 0; round < rounds; round++)
        {
            var algorithms = problems.ToDictionary(choice => choice.Problem, choice => choice.Candidates[round % choice.Candidates.Count]);
            using var plan = new Plan(parameters, options with { Algorithms = algorithms });
            var times = new double[plan.Steps.Count];
            // The first run warms up compilers and caches.
            for (int repetition = 0; repetition <= Repetitions; repetition++)
            {
                plan.RunTimed(batch, times);
                if (repetition == 0) continue;
                foreach (PlanChoice choice in plan.Choices)
                {
                    Dictionary<string, double> measured = seconds[choice.Problem];
                    double best = measured.GetValueOrDefault(choice.Algorithm, double.PositiveInfinity);
                    measured[choice.Algorithm] = Math.Min(times[choice.Step..choice.End].Sum(), best);
                }
            }
            observer?.Invoke(round + 1, rounds);
        }
        return [.. problems.Select(choice => new TunedProblem(choice.Problem, choice.Default, seconds[choice.Problem]))];
    }
}
