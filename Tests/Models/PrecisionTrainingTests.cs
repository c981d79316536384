using System.Globalization;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Networks train in reduced precision on <c>debug</c> as they do in float32 on the processor, on a fixed batch.</summary>
public sealed class PrecisionTrainingTests
{
    private const int Classes = 7, Images = 4, Steps = 20, FewSteps = 3, Deep = 50;

    /// <summary>Parameters beyond which steps take minutes.</summary>
    private const long Heavy = 40_000_000;

    /// <summary>Parameters beyond which a network with norms learns a batch by heart within some steps.</summary>
    private const long Wide = 2_000_000;

    /// <summary>Part of the loss that it may differ by after any step.</summary>
    private const double Percent = 2;

    /// <summary>
    /// The same for DenseNet, whose values hundreds of norms read and add to the gradient of. PyTorch 1.13's bfloat16 is up to 3.3 % away
    /// from its float32 there, with cosines from 0.54 on.
    /// </summary>
    private const double PercentOfDense = 4;

    /// <summary>
    /// What the last norm of a residual branch begins with. With 1, deep residual networks with random weights are chaotic: gradients of
    /// ResNet-50 in PyTorch's bfloat16 are at right angles to those of its float32. Branches that begin small are the usual remedy
    /// (Goyal et al., 2017, begin with 0).
    /// </summary>
    private const float BranchScale = 0.1f;

    /// <summary>
    /// Least cosine of the angle between a parameter's first gradient and float32's. Rounding flips units that are near zero, so that
    /// gradients of early layers turn; a gradient of something else is at right angles.
    /// </summary>
    private const double LeastCosine = 0.4;

    /// <summary>Networks that train within seconds, with an input of their own and steps.</summary>
    private static readonly (string Name, Precision Precision, int Side, int Steps)[] Quick =
    [
        ("lenet5", Precision.TF32, 16, Steps), ("lenet5", Precision.BFloat16, 16, Steps), ("smallcnn", Precision.BFloat16, 16, 8),
        // The smallest whose last norms see more than one pixel.
        ("resnet20", Precision.BFloat16, 8, FewSteps),
    ];

    private static IEnumerable<TestCaseData> All =>
        from architecture in Architecture.All
        select new TestCaseData(architecture.Name).SetArgDisplayNames(architecture.Name);

    private static IEnumerable<TestCaseData> QuickOnes =>
        Quick.Select(row => new TestCaseData(row.Name, row.Precision, row.Side, row.Steps)
            .SetArgDisplayNames(row.Name, row.Precision.Name()));

    [TestCaseSource(nameof(QuickOnes))]
    public void LossIsThatOfFloat32(string name, Precision precision, int side, int steps)
    {
        Architecture architecture = Architecture.Find(name);
        Check(architecture, precision, Shape.Volume(architecture.Input.Channels, side, side), steps);
    }

    /// <summary>Every network, for as many steps as an hour has room for.</summary>
    [TestCaseSource(nameof(All))]
    public void LossOfEachNetworkIsThatOfFloat32(string name)
    {
        if (Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") != "1") Assert.Ignore("Takes long; GPUCNN_LONG_TESTS=1 runs it.");
        Architecture architecture = Architecture.Find(name);
        Shape input = ArchitectureTests.SmallInput(architecture);
        int steps = architecture.Build(input, Classes).ParameterCount > Heavy ? FewSteps : Steps;
        Check(architecture, Precision.BFloat16, input, steps);
    }

    private static void Check(Architecture architecture, Precision precision, Shape input, int steps)
    {
        Network network = architecture.Build(input, Classes, architecture.Recipe with { Dropout = 0 });
        // Norms let a rate move the loss further, the more the wider they are, and depth without them makes it jump, which no two roundings
        // do alike. It must not fall so far that 2 % of it are rounding.
        bool hasNorms = network.Graph.Nodes.Any(node => node.Operator is BatchNorm2d), isDeep = network.Graph.Nodes.Count > Deep;
        bool isWide = network.ParameterCount > Wide, isResidual = network.Graph.Nodes.Any(node => node.Operator.IsSum);
        float rate = isResidual ? isWide ? 1e-4f : 5e-3f : hasNorms && isWide ? 1e-5f : hasNorms || isDeep ? 5e-4f : 1e-3f;
        using var cpu = new CpuDevice();
        using var debug = new DebugDevice();
        (double[] expected, float[][] gradients) = Train(network, cpu, Precision.Float32, rate, steps);
        (double[] losses, float[][] own) = Train(network, debug, precision, rate, steps);
        TestContext.Out.WriteLine($"{architecture.Name}, {input}: fp32 {Text(expected)}");
        TestContext.Out.WriteLine($"{architecture.Name}, {input}: {precision.Name()} {Text(losses)}");
        double[] cosines = [.. gradients.Zip(own, Cosine)];
        TestContext.Out.WriteLine($"{architecture.Name}: cosines of gradients from {cosines.Min():0.000}, median "
            + $"{cosines.Order().ElementAt(cosines.Length / 2):0.0000}");
        Assert.Multiple(() =>
        {
            Assert.That(losses, Is.EqualTo(expected).Within(architecture.Name.StartsWith("densenet") ? PercentOfDense : Percent).Percent);
            Assert.That(losses[^1], Is.LessThan(0.99 * losses[0]), "the loss falls");
            Assert.That(cosines, Is.All.GreaterThan(LeastCosine));
        });
    }

    private static (double[] Losses, float[][] Gradients) Train(Network network, Device device, Precision precision, float rate, int steps)
    {
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        parameters.Initialize(2);
        foreach (Parameter parameter in network.Learned.Where(EndsBranch))
        {
            Tensor weights = parameters.GetWeights(parameter);
            Array.Fill(weights.Values, BranchScale);
            parameters.SetWeights(parameter, weights);
        }
        using var plan = new Plan(parameters, new()
        {
            Images = Images,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Optimizer = new Sgd(0.9f, 5e-4f),
            Precision = precision,
        });
        Batch batch = ArchitectureTests.MakeBatch(network.Input, Images);
        plan.ComputeGradients(batch);
        float[][] gradients = [.. network.Learned.Where(parameter => parameter.IsTrained && !IsScaleFree(parameter))
            .Select(parameter => parameters.GetGradient(parameter).Values)];
        return ([.. Enumerable.Range(0, steps).Select(step => plan.Train(batch, rate, 1, (ulong)step).Loss)], gradients);
    }

    /// <summary>Whether the parameter is the weight of a residual branch's last norm.</summary>
    private static bool EndsBranch(Parameter parameter) =>
        parameter.Node.Operator is BatchNorm2d && parameter.Spec.Name == "weight" && !parameter.Path.Contains("downsample")
        && parameter.Node.Output.Consumers.Any(reader => reader.Operator.IsSum);

    /// <summary>Whether norms take out again what the parameter changes, so that its gradient is nothing but rounding.</summary>
    private static bool IsScaleFree(Parameter parameter) =>
        ArchitectureTests.IsNormed(parameter) || parameter.Path == "features.norm0.weight";

    private static double Cosine(float[] a, float[] b)
    {
        double product = 0, ofA = 0, ofB = 0;
        for (int i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            ofA += (double)a[i] * a[i];
            ofB += (double)b[i] * b[i];
        }
        return product / Math.Sqrt(ofA * ofB);
    }

    private static string Text(double[] losses) =>
        string.Join(' ', losses.Select(loss => loss.ToString("0.000", CultureInfo.InvariantCulture)));
}
