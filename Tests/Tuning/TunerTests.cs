using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Tuning;
using GpuCnn.Tests.Devices;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Tuning;

/// <summary>Measurements are kept, plans use them, and a plan's choices can be repeated.</summary>
public sealed class TunerTests
{
    private const int Images = 2;

    private static Network Small() => new("small", new Sequential
    {
        { "conv", new Conv2d(5, 3, stride: 2, padding: 1) }, new ReLU(), { "narrow", new Conv2d(4, 1) }, new Flatten(),
        { "fc", new Linear(3) },
    }, Shape.Volume(3, 8, 8));

    [Test]
    public void MeasuresEveryCandidateOfEveryProblem()
    {
        using var device = new DebugDevice();
        var rounds = new List<(int Done, int All)>();
        IReadOnlyList<TunedProblem> problems = Tuner.Measure(Small(), device, Images, (done, all) => rounds.Add((done, all)));
        using ParameterStore parameters = device.CreateParameters(Small(), training: true);
        using var plan = new Plan(parameters, new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true });
        // Each convolution's forward pass and filter gradient, and the second's input gradient.
        Assert.That(plan.Choices, Has.Count.EqualTo(5));
        foreach (PlanChoice choice in plan.Choices)
        {
            TunedProblem problem = problems.Single(problem => problem.Problem == choice.Problem);
            Assert.That(problem.Seconds.Keys, Is.EquivalentTo(choice.Candidates));
            Assert.That(problem.Seconds.Values, Is.All.Positive);
            Assert.That(problem.Default, Is.EqualTo(choice.Algorithm), "without a table the fixed rule");
            Assert.That(problem.Seconds, Does.ContainKey(problem.Best));
            Assert.That(problem.Gain, Is.GreaterThanOrEqualTo(1));
        }
        Assert.That(rounds.Select(round => round.Done), Is.EqualTo(Enumerable.Range(1, rounds[0].All)));
        Assert.That(device.AllocatedBytes, Is.Zero);
    }

    [Test]
    public void CpuHasNothingToTuneForFiltersOtherThan3x3()
    {
        using var device = new CpuDevice(1);
        Assert.That(Tuner.Measure(Small(), device, Images), Is.Empty);
    }

    [Test]
    public void CpuMeasuresAllStepsOfAnAlgorithm()
    {
        var network = new Network("even", new Sequential
        {
            { "first", new Conv2d(8, 1) }, { "conv", new Conv2d(9, 3, padding: 1) }, new Flatten(), { "fc", new Linear(3) },
        }, Shape.Volume(3, 8, 8));
        using var device = new CpuDevice(1);
        IReadOnlyList<TunedProblem> problems = Tuner.Measure(network, device, Images);
        Assert.That(problems.Select(problem => problem.Problem.Split(" 8x8x8 -> 9")[0]),
            Is.EqualTo(new[] { "convolution", "filter gradient", "input gradient" }));
        foreach (TunedProblem problem in problems)
        {
            Assert.That(problem.Seconds.Keys, Is.EquivalentTo(new[] { "direct", "Winograd 2x2", "Winograd 4x4" }));
            Assert.That(problem.Default, Is.EqualTo("direct"));
        }
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        var algorithms = problems.ToDictionary(problem => problem.Problem, _ => "Winograd 4x4");
        using var plan = new Plan(parameters,
            new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true, Algorithms = algorithms });
        Assert.That(plan.Choices.Select(choice => string.Join(", ", plan.Steps.Take(choice.Step..choice.End))), Is.EqualTo(new[]
        {
            "conv transform filter, conv forward", "conv filter gradient, conv transform gradient",
            "conv turn filter, conv transform filter, conv input gradient",
        }));
    }

    [Test]
    public void PlansUseKeptMeasurementsAndComputeTheSame()
    {
        using var folder = new TemporaryFolder();
        using var device = new DebugDevice();
        using ParameterStore parameters = device.CreateParameters(Small(), training: true);
        parameters.Initialize(1);
        PlanOptions options = new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true };
        AlgorithmTable table = AlgorithmTable.Load(device, folder.Path);
        Assert.That(table.Algorithms, Is.Empty);
        Batch batch = SyntheticBatch.Of(Small(), Images);
        float[][] expected;
        using (var plan = new Plan(parameters, options))
        {
            // The last candidate of each is not the fixed rule's where there is another.
            foreach (PlanChoice choice in plan.Choices)
                table.Set(choice.Problem, choice.Candidates.Last(candidate => candidate != choice.Default || choice.Candidates.Count == 1));
            plan.ComputeGradients(batch);
            expected = Gradients();
        }
        table.Save();
        AlgorithmTable kept = AlgorithmTable.Load(device, folder.Path);
        Assert.That(kept.Algorithms, Is.EquivalentTo(table.Algorithms));
        using (var plan = new Plan(parameters, options with { Algorithms = kept.Algorithms }))
        {
            Assert.That(plan.Choices.Select(choice => choice.Algorithm),
                Is.EqualTo(plan.Choices.Select(choice => kept.Algorithms[choice.Problem])));
            Assert.That(plan.Choices.Select(choice => choice.Algorithm), Is.Not.EqualTo(plan.Choices.Select(choice => choice.Default)));
            plan.ComputeGradients(batch);
            foreach ((float[] actual, float[] gradient) in Gradients().Zip(expected))
                Closeness.Check("gradient", actual, Numbers.ToDouble(gradient), 1e-5 * gradient.Max(Math.Abs));
        }

        float[][] Gradients() => [.. Small().Parameters.Select((_, i) => parameters.GetGradient(parameters.Network.Parameters[i]).Values)];
    }

    /// <summary>
    /// On a device with a library, fully connected layers are problems too, and a run continues with the library it began with.
    /// </summary>
    [Test]
    public void LibraryIsUsedOnlyIfATableNamesIt()
    {
        using var folder = new TemporaryFolder();
        using var device = new LibraryDevice();
        IReadOnlyList<TunedProblem> problems = Tuner.Measure(Small(), device, Images);
        Assert.That(problems, Has.Count.EqualTo(8), "those of the convolutions, and three products");
        var library = problems.ToDictionary(
            problem => problem.Problem,
            problem => problem.Seconds.Keys.Single(algorithm => algorithm.EndsWith("cuBLAS", StringComparison.Ordinal)));
        Assert.That(problems.Select(problem => problem.Problem),
            Does.Contain("fully connected 64 -> 3, 2 images").And.Contain("fully connected weight gradient 64 -> 3, 2 images"));
        Assert.That(device.Products, Is.Positive);

        AlgorithmTable table = AlgorithmTable.Load(device, folder.Path);
        foreach ((string problem, string algorithm) in library) table.Set(problem, algorithm);
        table.Save();
        IReadOnlyDictionary<string, string> kept = AlgorithmTable.Load(device, folder.Path).Algorithms;
        PlanOptions options = new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true };
        using ParameterStore parameters = device.CreateParameters(Small(), training: true);
        using var plain = new Plan(parameters, options);
        Assert.That(plain.Choices.Select(choice => choice.Algorithm), Has.None.Contains("cuBLAS"));
        using var tuned = new Plan(parameters, options with { Algorithms = kept });
        Assert.That(tuned.Choices.Select(choice => choice.Algorithm), Has.All.EndsWith("cuBLAS"));

        // The same table without a library: the rule's choice, and every problem is among the choices, so that the caller can tell.
        using var without = new DebugDevice();
        using ParameterStore others = without.CreateParameters(Small(), training: true);
        using var other = new Plan(others, options with { Algorithms = kept });
        Assert.That(other.Choices.Select(choice => choice.Problem), Is.EquivalentTo(kept.Keys));
        Assert.That(other.Choices.Select(choice => choice.Algorithm), Is.EqualTo(other.Choices.Select(choice => choice.Default)));
    }

    [Test]
    public void UnknownAlgorithmFallsBackToTheFixedRule()
    {
        using var folder = new TemporaryFolder();
        using var device = new DebugDevice();
        using ParameterStore parameters = device.CreateParameters(Small(), training: true);
        using var plain = new Plan(parameters, new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true });
        var old = plain.Choices.ToDictionary(choice => choice.Problem, _ => "FFT 7x7");
        using var plan = new Plan(parameters,
            new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true, Algorithms = old });
        Assert.That(plan.Choices.Select(choice => choice.Algorithm), Is.EqualTo(plain.Choices.Select(choice => choice.Default)));
        AlgorithmTable table = AlgorithmTable.Load(device, folder.Path);
        File.WriteAllText(table.Path!, "{ damaged");
        Assert.That(AlgorithmTable.Load(device, folder.Path).Algorithms, Is.Empty);
    }
}
