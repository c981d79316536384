using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Devices;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>A plan's products go to matrix units where its precision and the layers' shapes allow it.</summary>
public sealed class MatrixUnitTests
{
    private const int Images = 2;

    private static readonly string[] Weights = ["a.weight", "b.weight", "c.weight", "d.weight"];

    /// <summary>
    /// Rounding each factor by at most 2^-11 (TF32) or 2^-8 (a stored bfloat16 and its factor) moves a norm of the results by a few times
    /// as much.
    /// </summary>
    [TestCase(Precision.TF32, "tf32", 8, 1.0 / 512)]
    [TestCase(Precision.BFloat16, "bf16", 8, 1.0 / 32)]
    public void ResultsAreThoseOfFloat32UpToTheFactorsRounding(Precision precision, string name, int products, double tolerance)
    {
        using var device = new DebugDevice();
        (float[] Values, string[] Choices) expected = Run(device, Precision.Float32), actual = Run(device, precision);
        Assert.That(expected.Choices, Has.None.Contains(name));
        // Three convolutions forward and two back, and three filters' gradients. Under bf16 the first layer reads a
        // rounded copy of its floats.
        Assert.That(actual.Choices.Count(choice => choice.EndsWith(name, StringComparison.Ordinal)), Is.EqualTo(products));
        double distance = Norm(expected.Values.Zip(actual.Values, (x, y) => (double)x - y));
        double length = Norm(expected.Values.Select(x => (double)x));
        Assert.That(distance / length, Is.Positive.And.LessThan(tolerance));
    }

    /// <summary>
    /// Plans take float32 by units only where a table or a run's configuration names it, and a device without units takes the rule's tile.
    /// </summary>
    [TestCase("3xtf32", 3)]
    [TestCase("async", 11)]
    public void Float32ByUnitsIsTakenOnlyIfATableNamesIt(string name, int products)
    {
        using var device = new DebugDevice();
        using var without = new LibraryDevice();
        (float[] expected, IReadOnlyList<PlanChoice> choices) = RunChoices(device, Precision.Float32);
        Assert.That(choices.Select(choice => choice.Algorithm), Has.None.EndsWith(name));
        var algorithms = choices.ToDictionary(
            choice => choice.Problem,
            choice => choice.Candidates.FirstOrDefault(candidate => candidate.EndsWith(name, StringComparison.Ordinal), choice.Default));
        (float[] values, choices) = RunChoices(device, Precision.Float32, algorithms);
        Assert.That(choices.Select(choice => choice.Algorithm), Is.EqualTo(choices.Select(choice => algorithms[choice.Problem])));
        Assert.That(algorithms.Values.Count(algorithm => algorithm.EndsWith(name, StringComparison.Ordinal)), Is.EqualTo(products));
        double distance = Norm(expected.Zip(values, (x, y) => (double)x - y)), length = Norm(expected.Select(x => (double)x));
        Assert.That(distance / length, Is.LessThan(1e-6));

        (values, choices) = RunChoices(without, Precision.Float32, algorithms);
        Assert.That(choices.Select(choice => choice.Algorithm), Is.EqualTo(choices.Select(choice => choice.Default)));
        Assert.That(choices.SelectMany(choice => choice.Candidates), Has.None.EndsWith(name));
        Assert.That(values, Is.EqualTo(expected));
    }

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));

    /// <summary>Returns the output and the gradients, and the names of the chosen algorithms.</summary>
    private static (float[] Values, string[] Choices) Run(Device device, Precision precision)
    {
        (float[] values, IReadOnlyList<PlanChoice> choices) = RunChoices(device, precision);
        return (values, [.. choices.Select(choice => choice.Algorithm)]);
    }

    private static (float[] Values, IReadOnlyList<PlanChoice> Choices) RunChoices(
        Device device, Precision precision, IReadOnlyDictionary<string, string>? algorithms = null)
    {
        var layers = new Sequential
        {
            { "a", new Conv2d(16, 3, padding: 1) }, new ReLU(), { "b", new Conv2d(24, 3, stride: 2, padding: 1) }, new ReLU(),
            { "c", new Conv2d(16, 1) }, new Flatten(), { "d", new Linear(8) },
        };
        var options = new PlanOptions
        {
            Images = Images,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Precision = precision,
            Algorithms = algorithms,
        };
        using var network = new TestNetwork(device, layers, Shape.Volume(8, 6, 5), options);
        network.Parameters.Initialize(1);
        network.Plan.ComputeGradients(network.Batch);
        return ([.. network.ReadOutput(), .. Weights.SelectMany(network.Gradient)], network.Plan.Choices);
    }
}
