using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Tuning;

/// <summary>What was measured for a problem.</summary>
/// <param name="Seconds">By algorithm: the best of the repetitions.</param>
public sealed record TunedProblem(string Problem, string Default, IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>The fastest; the fixed rule's where the gain is within the noise.</summary>
    public string Best
    {
        get
        {
            string fastest = Seconds.MinBy(measured => measured.Value).Key;
            return Seconds[fastest] < (1 - Noise) * Seconds[Default] ? fastest : Default;
        }
    }

    /// <summary>How much faster the best is than the fixed rule's.</summary>
    public double Gain => Seconds[Default] / Seconds[Best];

    /// <summary>Less than this is not worth another order of sums.</summary>
    private const double Noise = 0.03;
}

/// <summary>
/// Measures the algorithms of a network's steps on a device: trains with each of a step's candidates in turn, in the place and with the neighbours that it has in the network.
/// </summary>
public static class Tuner
{
    private const int Repetitions = 5;

    /// <param name="observer">Told how many rounds are done, and how many there are.</param>
    public static IReadOnlyList<TunedProblem> Measure(Network network, Device device, int images, Action<int, int>? observer = null)
    {
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        PlanOptions options = new() { Images = images, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() };
        IReadOnlyList<PlanChoice> problems;
        using (var plan = new Plan(parameters, options)) problems = [.. plan.Choices.DistinctBy(choice => choice.Problem)];
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
            // The first run is for the compilers and the caches.
            for (int repetition = 0; repetition <= Repetitions; repetition++)
            {
                plan.TrainTimed(batch, times);
                if (repetition == 0) continue;
                foreach (PlanChoice choice in plan.Choices)
                {
                    Dictionary<string, double> measured = seconds[choice.Problem];
                    measured[choice.Algorithm] = Math.Min(times[choice.Step..choice.End].Sum(), measured.GetValueOrDefault(choice.Algorithm, double.PositiveInfinity));
                }
            }
            observer?.Invoke(round + 1, rounds);
        }
        return [.. problems.Select(choice => new TunedProblem(choice.Problem, choice.Default, seconds[choice.Problem]))];
    }
}
