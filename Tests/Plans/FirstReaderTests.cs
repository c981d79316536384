using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// Of several readers of a norm's output, the first one completes its gradient. If that is a convolution, it gathers the sums that the
/// norm's gradient needs.
/// </summary>
public sealed class FirstReaderTests
{
    private const int Images = 5, Real = 3;

    private static readonly Shape Input = Shape.Volume(4, 6, 5);

    [Test]
    public void OnlyAConvolutionThatReadsFirstGathers()
    {
        var layers = new Sequential
        {
            { "a", new Conv2d(8, 1) }, { "first", new BatchNorm2d() }, new ReLU(), { "b", new Conv2d(8, 1) },
            { "second", new BatchNorm2d() }, new ReLU(),
            { "block", new Residual(new Sequential { { "c", new Conv2d(8, 1) }, { "third", new BatchNorm2d() } }) }, new ReLU(),
            // The head's pool reads before the trunk does.
            { "pooled head", new TrainingHead(new Sequential { new GlobalAvgPool2d(), new Flatten() }, 1) }, { "d", new Conv2d(8, 1) },
            { "fourth", new BatchNorm2d() }, new ReLU(),
            { "pool first", new Branches { { "pool", new MaxPool2d(3, 1, 1) }, { "conv", new Conv2d(8, 1) } } },
            { "e", new Conv2d(8, 1) }, { "fifth", new BatchNorm2d() }, new ReLU(),
            { "pool last", new Branches { { "conv", new Conv2d(8, 1) }, { "pool", new MaxPool2d(3, 1, 1) } } },
            { "f", new Conv2d(8, 1) }, { "sixth", new BatchNorm2d() }, new ReLU(),
            // The loss writes the gradient before all readers.
            { "plain head", new TrainingHead(new Sequential(), 1) }, { "g", new Conv2d(8, 1) }, { "last", new BatchNorm2d() },
        };
        var network = new Network("test", layers, Shape.Volume(8, 4, 4));
        Assert.That(Gathering(network), Is.EqualTo(new[] { "b: first", "block.c: second", "pool last.conv: fifth", "g: sixth" }));
        Assert.That(Gathering(network, training: false), Is.Empty);
        network.FreezeStatistics();
        Assert.That(Gathering(network), Is.Empty);
    }

    /// <summary>
    /// All norms but the stem's, which a max pool reads, the last, which an average reads, and those that the next addition alone reads.
    /// </summary>
    [TestCase("resnet18", 20, 3)]
    [TestCase("resnet50", 53, 4)]
    public void ResidualNetworksGather(string name, int norms, int downsampled)
    {
        Network network = Architecture.Find(name).Build();
        string[] gathering = Gathering(network);
        Assert.That(network.Graph.Nodes.Count(node => node.Operator is BatchNorm2d), Is.EqualTo(norms));
        Assert.That(gathering, Has.Length.EqualTo(norms - 2 - downsampled));
        Assert.That(gathering, Has.Some.EqualTo("layer2.0.conv1: layer1.1.bn2").Or.Some.EqualTo("layer2.0.conv1: layer1.2.bn3"));
        Assert.That(gathering, Has.Some.EqualTo("layer2.1.conv1: layer2.0.downsample.1"));
    }

    /// <summary>In a batch that is not full: the gradients of cpu, whose norms have passes of their own.</summary>
    [Test]
    public void GivesTheGradientsOfPassesOfTheirOwn()
    {
        using Device device = new DebugDevice(), cpu = new CpuDevice(1);
        using TestNetwork gathering = Make(device, Precision.Float32), reference = Make(cpu, Precision.Float32);
        Assert.That(SumsOf(gathering), Is.EqualTo(new[] { "block2.bn2", "last" }));
        // The gradient of an addend shares memory with that of the norm's output, unless a loss has written it.
        Assert.That(WrittenBy("block1.bn2"), Is.EqualTo(1));
        Assert.That(WrittenBy("block2.downsample.1"), Is.EqualTo(1));
        Assert.That(WrittenBy("block3.bn2"), Is.EqualTo(2));
        CheckNear("debug", gathering, reference, 300, Math.Pow(2, -24));
        float[] first = gathering.ReadInputGradient();
        gathering.Plan.ComputeGradients(gathering.Batch);
        Closeness.CheckSameBits("second step", gathering.ReadInputGradient(), first);

        int WrittenBy(string norm) => gathering.Plan.StepUses.Single(step => step.Name == $"{norm} input gradient").Uses
            .Count(use => use.Access.HasFlag(Access.Write));
    }

    [TestCase(Precision.TF32)]
    [TestCase(Precision.BFloat16)]
    public void PrecisionsGiveTheGradientsOfFloat32(Precision precision)
    {
        using Device device = new DebugDevice();
        using TestNetwork gathering = Make(device, precision), reference = Make(device, Precision.Float32);
        Assert.That(SumsOf(gathering), Is.EqualTo(new[] { "block2.bn2", "last" }));
        CheckNear($"{precision}", gathering, reference, 30, precision == Precision.TF32 ? Math.Pow(2, -11) : Math.Pow(2, -8));
    }

    private static string[] Gathering(Network network, bool training = true) =>
    [
        .. PlanNode.Fuse(network, training).Where(node => node.NormBefore is not null)
            .Select(node => $"{node.Name}: {node.NormBefore!.Name}"),
    ];

    /// <summary>Returns the norms that have a pass of their own for the sums.</summary>
    private static string[] SumsOf(TestNetwork network) =>
    [
        .. network.Plan.Steps.Where(step => step.EndsWith(" gradient sums", StringComparison.Ordinal))
            .Select(step => step[..^" gradient sums".Length]).Order(),
    ];

    private static void CheckNear(string what, TestNetwork actual, TestNetwork expected, int terms, double rounding)
    {
        Near("input gradient", actual.ReadInputGradient(), expected.ReadInputGradient());
        foreach (string path in actual.Network.Learned.Select(parameter => parameter.Path))
            Near($"gradient of {path}", actual.Gradient(path), expected.Gradient(path));

        void Near(string name, float[] values, float[] near)
        {
            double[] wide = Numbers.ToDouble(near);
            Closeness.Check($"{what}: {name}", values, wide, Closeness.Tolerance(terms, rounding, wide));
        }
    }

    private static TestNetwork Make(Device device, Precision precision)
    {
        // Tanh, whose derivative is no step, so that rounding moves gradients little.
        var layers = new Sequential
        {
            { "conv", new Conv2d(8, 3, padding: 1, bias: false) }, { "norm", new BatchNorm2d() }, new Tanh(),
            { "block1", Block(1, 8) }, new Tanh(), { "head", new TrainingHead(new Sequential(), 1) },
            { "block2", Block(2, 16) }, new Tanh(), { "second head", new TrainingHead(new Sequential(), 1) },
            { "block3", Block(1, 16) }, new Tanh(), { "after", new Conv2d(8, 1, bias: false) }, { "last", new BatchNorm2d() },
        };
        var network = new TestNetwork(device, layers, Input, new PlanOptions
        {
            Images = Images,
            Training = true,
            InputGradient = true,
            Loss = new ProjectionLoss(),
            Precision = precision,
        });
        network.ComputeRandomGradients(Real);
        return network;
    }

    private static Residual Block(int stride, int filters)
    {
        var body = new Sequential
        {
            { "conv1", new Conv2d(filters, 3, stride, 1, bias: false) }, { "bn1", new BatchNorm2d() }, new Tanh(),
            { "conv2", new Conv2d(filters, 3, padding: 1, bias: false) }, { "bn2", new BatchNorm2d() },
        };
        return new(body, stride == 1 ? null : new Sequential { new Conv2d(filters, 1, stride, bias: false), new BatchNorm2d() });
    }
}
