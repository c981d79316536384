using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>What holds for every registered architecture, and the numbers that the lectures state for some.</summary>
public sealed class ArchitectureTests
{
    // Not a number that any table has by default.
    private const int Classes = 7;

    public static IEnumerable<Architecture> All => Architecture.All;

    public static IEnumerable<string> Names => All.Select(architecture => architecture.Name);

    [Test]
    public void NamesAreUniqueAndFound()
    {
        Assert.That(Names, Is.Unique);
        Assert.That(Names, Is.SupersetOf(new[] { "lenet5", "lenet5-1998", "mlp", "smallcnn" }));
        foreach (Architecture architecture in All) Assert.That(Architecture.Find(architecture.Name.ToUpperInvariant()), Is.SameAs(architecture));
    }

    [TestCase("lenet", "lenet5")]
    [TestCase("lenet5_1998", "lenet5-1998")]
    [TestCase("mpl", "mlp")]
    public void AnUnknownNameListsNearOnes(string name, string near) => OneLine.Thrown(() => Architecture.Find(name), $"'{name}'", near);

    [TestCaseSource(nameof(Names))]
    public void HasTheParametersWrittenBesideIt(string name)
    {
        Architecture architecture = Architecture.Find(name);
        Assert.That(architecture.Build().ParameterCount, Is.EqualTo(architecture.ExpectedParameters));
    }

    [TestCaseSource(nameof(Names))]
    public void TrainsForAnotherNumberOfClasses(string name)
    {
        Network network = Architecture.Find(name).Build(classes: Classes);
        Assert.That(network.Output.Shape, Is.EqualTo(Shape.Vector(Classes)));
        using var device = new CpuDevice();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        parameters.Initialize(1);
        TrainingSettings recipe = Architecture.Find(name).Recipe.Settings;
        using var plan = new Plan(parameters, new() { Images = 4, Training = true, Optimizer = new(recipe.Momentum, recipe.WeightDecay) });
        Batch batch = MakeBatch(network.Input);
        plan.ComputeGradients(batch);
        foreach (Parameter parameter in network.Parameters)
        {
            float[] gradient = parameters.GetGradient(parameter).Values;
            Assert.That(gradient, Is.All.Matches<float>(float.IsFinite), parameter.Path);
            Assert.That(gradient.Any(value => value != 0), Is.True, $"{parameter.Path} has no gradient");
        }
        double first = plan.Train(batch, 0.01f, 1, 0).Loss, last = first;
        for (ulong step = 1; step < 20; step++) last = plan.Train(batch, 0.01f, 1, step).Loss;
        Assert.That(last, Is.LessThan(0.8 * first), "the loss on a fixed batch");
    }

    [Test]
    public void TooSmallAnInputSaysWhatFits() =>
        OneLine.Thrown(() => Architecture.Find("lenet5").Build(Shape.Volume(1, 12, 12)), "lenet5", "1x12x12", "1x32x32");

    [Test]
    public void LeNet5HasTheLecturesNumbers()
    {
        Network network = Architecture.Find("lenet5").Build();
        (string Path, long Weights, long Biases, Shape Output)[] expected =
        [
            ("conv1", 150, 6, Shape.Volume(6, 28, 28)), ("pool1", 0, 0, Shape.Volume(6, 14, 14)),
            ("conv2", 2_400, 16, Shape.Volume(16, 10, 10)), ("pool2", 0, 0, Shape.Volume(16, 5, 5)),
            ("fc1", 48_000, 120, Shape.Vector(120)), ("fc2", 10_080, 84, Shape.Vector(84)), ("fc3", 840, 10, Shape.Vector(10)),
        ];
        foreach ((string path, long weights, long biases, Shape output) in expected)
        {
            Node node = network.Graph.Nodes.Single(node => node.Path == path);
            Assert.That(node.Output.Shape, Is.EqualTo(output), path);
            Assert.That(node.Parameters.Where(parameter => parameter.Spec.Name == "weight").Sum(parameter => parameter.Spec.Count), Is.EqualTo(weights), path);
            Assert.That(node.Parameters.Where(parameter => parameter.Spec.Name == "bias").Sum(parameter => parameter.Spec.Count), Is.EqualTo(biases), path);
        }
        Assert.That(network.ParameterCount, Is.EqualTo(61_706));
        Assert.That(network.WeightCount, Is.EqualTo(61_470));
        Assert.That(network.MultiplyAdds, Is.EqualTo(117_600 + 240_000 + 48_000 + 10_080 + 840));
        Assert.That(Architecture.Find("lenet5").Build(classes: 26).ParameterCount, Is.EqualTo(61_706 + 16 * 85), "letters");
    }

    private static Batch MakeBatch(Shape shape)
    {
        var batch = new Batch(shape, 4) { Count = 4 };
        var random = new Random(3);
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = random.NextSingle() - 0.5f;
        for (int i = 0; i < 4; i++) batch.Labels[i] = i;
        return batch;
    }
}
