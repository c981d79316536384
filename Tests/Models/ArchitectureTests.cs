using System.Globalization;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Tests of every registered architecture, and of LeNet-5's published sizes.</summary>
public sealed class ArchitectureTests
{
    // A number of classes that no table has by default.
    private const int Classes = 7;

    private const int SmallSize = 16, LeastNormed = 4, Deep = 50;

    // Parameter counts: largest network of short tests, threshold for smaller learning rates, threshold for fewer steps, and cost of a
    // node.
    private const long Light = 24_000_000, LightOnOpenCl = 4_000_000, Large = 10_000_000, Heavy = 90_000_000, PerNode = 40_000;

    public static IEnumerable<Architecture> All => Architecture.All;

    public static IEnumerable<string> Names => All.Select(architecture => architecture.Name);

    [Test]
    public void NamesAreUniqueAndFound()
    {
        Assert.That(Names, Is.Unique);
        Assert.That(Names, Is.SupersetOf(new[]
        {
            "lenet5", "alexnet", "zfnet", "vgg16", "vgg19_bn", "googlenet", "resnet50", "resnet50-v1", "resnet110", "linear-edges",
        }));
        foreach (Architecture architecture in All)
            Assert.That(Architecture.Find(architecture.Name.ToUpperInvariant()), Is.SameAs(architecture));
    }

    [TestCase("lenet", "lenet5")]
    [TestCase("lenet5_1998", "lenet5-1998")]
    [TestCase("mpl", "mlp")]
    public void UnknownNameSuggestsSimilarNames(string name, string near) =>
        OneLine.Thrown(() => Architecture.Find(name), $"'{name}'", near);

    [TestCaseSource(nameof(Names))]
    public void ExpectedCountsMatchTheNetwork(string name)
    {
        Architecture architecture = Architecture.Find(name);
        Network network = architecture.Build();
        Assert.That(network.ParameterCount, Is.EqualTo(architecture.ExpectedParameters));
        Assert.That(network.ParameterCountWithHeads, Is.EqualTo(architecture.ExpectedParametersWithHeads));
        decimal stated = architecture.ExpectedMultiplyAdds;
        Assert.That(Math.Round(network.MultiplyAdds / 1e9m, stated.Scale), Is.EqualTo(stated), "billions of multiply-adds");
    }

    [TestCaseSource(nameof(Names))]
    public void RecipesAreValidAndKeepParameterShapes(string name)
    {
        Architecture architecture = Architecture.Find(name);
        string[] shapes = Shapes(architecture.Build());
        foreach (Recipe recipe in new[] { architecture.Recipe, architecture.PaperRecipe }.OfType<Recipe>())
        {
            recipe.Settings.Check();
            Assert.That(() => Augmentation.Parse(recipe.Augmentation), Throws.Nothing);
            Assert.That(Shapes(architecture.Build(recipe: recipe)), Is.EqualTo(shapes), "weights fit whatever the recipe was");
        }
    }

    [Test]
    public void AlexNetAndZFNetRecipesMatchThePapers()
    {
        Recipe alexnet = Architecture.Find("alexnet").FindRecipe("paper"), zfnet = Architecture.Find("zfnet").FindRecipe("paper");
        Assert.That(alexnet.Settings, Has.Property("Batch").EqualTo(128).And.Property("LearningRate").EqualTo(0.01f)
            .And.Property("Epochs").EqualTo(90));
        Assert.That((Sgd)alexnet.Settings.Optimizer, Has.Property("Name").EqualTo("sgd").And.Property("Momentum").EqualTo(0.9f)
            .And.Property("WeightDecay").EqualTo(5e-4f));
        Assert.That((Plateau)alexnet.Settings.Schedule, Has.Property("Name").EqualTo("plateau").And.Property("Gamma").EqualTo(0.1f));
        Assert.That(zfnet.Settings, Has.Property("Epochs").EqualTo(70));
        Assert.That(zfnet.Settings.Optimizer, Has.Property("MaxFilterRms").EqualTo(0.1f));
        Network network = Architecture.Find("alexnet").Build(recipe: alexnet);
        Assert.That(
            network.Parameters.Where(parameter => parameter.Spec.Initializer == Initializer.Constant(1))
                .Select(parameter => parameter.Path),
            Is.EqualTo(new[] { "conv2.bias", "conv4.bias", "conv5.bias", "fc6.bias", "fc7.bias" }));
        Assert.That(
            network.Parameters.Where(parameter => parameter.Spec.Role == ParameterRole.Weight)
                .Select(parameter => parameter.Spec.Initializer),
            Is.All.EqualTo(Initializer.Normal(0.01f)));
        OneLine.Thrown(() => Architecture.Find("smallcnn").FindRecipe("paper"), "smallcnn", "choose a model that has one");
    }

    /// <summary>Builds for the smallest square input that works, and for one pixel less.</summary>
    [TestCaseSource(nameof(Names))]
    public void TooSmallInputNamesTheSmallestThatFits(string name)
    {
        Architecture architecture = Architecture.Find(name);
        Shape smallest = architecture.SmallestInput(3) ?? throw new InvalidOperationException("no size fits");
        Assert.That(architecture.Build(smallest, Classes).Output.Shape, Is.EqualTo(Shape.Vector(Classes)));
        if (smallest.Height > 1)
        {
            OneLine.Thrown(() => architecture.Build(Shape.Volume(3, smallest.Height - 1, smallest.Width - 1)), name,
                $"works is {smallest};", $"{architecture.Input}");
        }
        Shape larger = Shape.Volume(3, architecture.Input.Height + 9, architecture.Input.Width + 2);
        Assert.That(architecture.Build(larger, Classes).Output.Shape, Is.EqualTo(Shape.Vector(Classes)));
    }

    public static IEnumerable<TestCaseData> Trained =>
        from device in DeviceUnderTest.All
        where device.Name is "opencl" or "cuda" || device == AllCores
        from architecture in All
        where IsLong || Cost(architecture) <= (device.Name == "opencl" ? LightOnOpenCl : Light)
        select new TestCaseData(architecture.Name, device).SetArgDisplayNames(architecture.Name, device.Name);

    /// <summary>
    /// Trains a small network with another number of classes: every learned parameter has a gradient, and the loss on one batch falls.
    /// </summary>
    [TestCaseSource(nameof(Trained))]
    public void LearnedParametersHaveGradientsAndLossFalls(string name, DeviceUnderTest test)
    {
        const int Images = 4;
        Architecture architecture = Architecture.Find(name);
        Network network = architecture.Build(SmallInput(architecture), Classes, architecture.Recipe with { Dropout = 0 });
        // The same rate moves the scores of a larger network further.
        (int steps, float rate) = Cost(architecture) switch { > Heavy => (8, 1e-3f), > Large => (20, 1e-3f), _ => (20, 1e-2f) };
        // A deep network without norms needs a smaller rate too.
        bool hasNorms = network.Graph.Nodes.Any(node => node.Operator is BatchNorm2d);
        if (network.Graph.Nodes.Count > Deep && !hasNorms) rate = Math.Min(rate, 3e-3f);
        Assert.That(network.Output.Shape, Is.EqualTo(Shape.Vector(Classes)));
        using Device device = test.Make();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        parameters.Initialize(1);
        var recipe = (Sgd)architecture.Recipe.Settings.Optimizer;
        var optimizer = new Sgd(recipe.Momentum, recipe.WeightDecay);
        using var plan = new Plan(
            parameters, new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = optimizer });
        Batch batch = MakeBatch(network.Input, Images);
        plan.ComputeGradients(batch);
        foreach (Parameter parameter in network.Learned.Where(parameter => parameter.IsTrained))
        {
            float[] gradient = parameters.GetGradient(parameter).Values;
            Assert.That(gradient.AsSpan().ContainsAnyExceptInRange(float.MinValue, float.MaxValue), Is.False,
                $"{parameter.Path} has a gradient that is not finite");
            // A norm cancels the bias before it, whose gradient is rounding.
            if (IsNormed(parameter)) continue;
            Assert.That(gradient.AsSpan().ContainsAnyExcept(0), Is.True, $"{parameter.Path} has no gradient");
        }
        double[] losses = [.. Enumerable.Range(0, steps).Select(step => plan.Train(batch, rate, 1, (ulong)step).Loss)];
        string seen = string.Join(' ', losses.Select(loss => loss.ToString("0.000", CultureInfo.InvariantCulture)));
        TestContext.Out.WriteLine($"{name} on {test}: {seen}");
        // NaN compares as less than every number.
        Assert.That(losses.All(double.IsFinite) && losses[^1] < 0.8 * losses[0], $"the loss on a fixed batch does not fall: {seen}");
    }

    /// <summary>Training leaves hand-made kernels unchanged.</summary>
    [Test]
    public void FixedKernelsAreNotTrained()
    {
        Network network = Architecture.Find("linear-edges").Build(Shape.Volume(1, 8, 8), Classes);
        using Device device = DeviceUnderTest.All[0].Make();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        parameters.Initialize(1);
        using var plan = new Plan(parameters,
            new() { Images = 4, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd(0.9f, 0.1f) });
        plan.Train(MakeBatch(network.Input, 4), 0.1f, 1, 0);
        float[] kernels = parameters.GetWeights(network.Parameters.Single(parameter => parameter.Path == "kernels.weight")).Values;
        Assert.That(kernels[..9], Is.All.EqualTo(1 / 9f));
        Assert.That(kernels[9..], Is.EqualTo(new float[]
        {
            0, -1, 0, -1, 5, -1, 0, -1, 0, 1, 1, 1, 1, -8, 1, 1, 1, 1, -1, 0, 1, -2, 0, 2, -1, 0, 1,
        }));
    }

    [Test]
    public void LeNet5HasTheStatedSizes()
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
            Assert.That(Count(node, "weight"), Is.EqualTo(weights), path);
            Assert.That(Count(node, "bias"), Is.EqualTo(biases), path);
        }
        Assert.That(network.ParameterCount, Is.EqualTo(61_706));
        Assert.That(network.WeightCount, Is.EqualTo(61_470));
        Assert.That(network.MultiplyAdds, Is.EqualTo(117_600 + 240_000 + 48_000 + 10_080 + 840));
        Assert.That(Architecture.Find("lenet5").Build(classes: 26).ParameterCount, Is.EqualTo(61_706 + 16 * 85), "letters");

        static int Count(Node node, string name) =>
            node.Parameters.Where(parameter => parameter.Spec.Name == name).Sum(parameter => parameter.Spec.Count);
    }

    /// <summary>Whether tests that take minutes run too (./check --all).</summary>
    private static bool IsLong => Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") == "1";

    /// <summary>The CPU variant with the most cores and the widest vectors.</summary>
    private static DeviceUnderTest AllCores =>
        DeviceUnderTest.All.Last(device => device.Family.StartsWith("cpu", StringComparison.Ordinal));

    /// <summary>Returns the cost of a test on a small input, in parameters. A node counts as <see cref="PerNode"/> of them.</summary>
    private static long Cost(Architecture architecture)
    {
        Network network = architecture.Build(SmallInput(architecture), Classes);
        return network.ParameterCountWithHeads + PerNode * network.Graph.Nodes.Count;
    }

    /// <summary>
    /// Returns an input of at least 16x16 for which each batch norm sees maps of several pixels. Normalizing only the four values of four
    /// images would amplify rounding from norm to norm, and gradients of a hundred layers would overflow.
    /// </summary>
    internal static Shape SmallInput(Architecture architecture)
    {
        Shape smallest = architecture.SmallestInput(architecture.Input.Channels) ?? architecture.Input;
        int size = Math.Max(smallest.Height, SmallSize);
        while (architecture.Build(Input()).Graph.Nodes.Any(IsTooSmall)) size++;
        return Input();

        Shape Input() => Shape.Volume(smallest.Channels, size, size);

        static bool IsTooSmall(Node node) => node.Operator is BatchNorm2d && node.Output.Shape.Area < LeastNormed;
    }

    internal static bool IsNormed(Parameter parameter) =>
        parameter.Node.Operator is Conv2d && parameter.Spec.Role == ParameterRole.Bias
        && parameter.Node.Output.Consumers.Any(consumer => consumer.Operator is BatchNorm2d);

    private static string[] Shapes(Network network) =>
        [.. network.Parameters.Select(parameter => $"{parameter.Path} {string.Join('x', parameter.Spec.Dimensions)}")];

    internal static Batch MakeBatch(Shape shape, int images)
    {
        var batch = new Batch(shape, images) { Count = images };
        var random = new Random(3);
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = random.NextSingle() - 0.5f;
        for (int i = 0; i < images; i++) batch.Labels[i] = i;
        return batch;
    }
}
