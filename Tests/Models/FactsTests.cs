using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Sizes that papers and courses state of their networks, layer by layer.</summary>
public sealed class FactsTests
{
    private static readonly (string Name, string[] Extents, long[] Weights)[] Stated =
    [
        ("lenet5", ["28", "14", "10", "5"], [150, 2_400, 48_000, 10_080, 840]),
        ("alexnet", ["55", "27", "27", "13", "13", "13", "13", "6"],
            [34_848, 307_200, 884_736, 663_552, 442_368, 37_748_736, 16_777_216, 4_096_000]),
        ("alexnet-lecture", ["55", "27", "23", "11", "9", "7", "5", "2"],
            [34_848, 614_400, 884_736, 1_327_104, 884_736, 4_194_304, 16_777_216, 4_096_000]),
        ("zfnet", ["110", "55", "26", "13", "13", "13", "13", "6"],
            [14_112, 614_400, 884_736, 1_327_104, 884_736, 37_748_736, 16_777_216, 4_096_000]),
        ("zfnet-large", ["110", "55", "26", "13", "13", "13", "13", "6"],
            [14_112, 614_400, 1_179_648, 4_718_592, 4_718_592, 75_497_472, 16_777_216, 4_096_000]),
        ("zfnet-lecture", ["111", "55", "51", "25", "23", "21", "19", "9"],
            [14_112, 614_400, 1_179_648, 4_718_592, 4_718_592, 169_869_312, 16_777_216, 4_096_000]),
    ];

    public static IEnumerable<string> Names => Stated.Select(row => row.Name);

    [TestCaseSource(nameof(Names))]
    public void VolumesAndWeightsMatchThePublishedTables(string name)
    {
        (_, string[] extents, long[] weights) = Stated.Single(row => row.Name == name);
        Network network = Architecture.Find(name).Build();
        Assert.That(
            network.Graph.Nodes.Where(node => node.Operator is Conv2d or Pool2d).Select(node => $"{node.Output.Shape.Height}"),
            Is.EqualTo(extents));
        Assert.That(
            network.Parameters.Where(parameter => parameter.Spec.Role == ParameterRole.Weight)
                .Select(parameter => (long)parameter.Spec.Count),
            Is.EqualTo(weights));
    }

    /// <summary>Compares sums of weights without biases.</summary>
    [Test]
    public void WeightSumsMatchThePublishedTables()
    {
        Assert.That(Architecture.Find("alexnet-lecture").Build().WeightCount, Is.EqualTo(28_813_344));
        Assert.That(Architecture.Find("alexnet-lecture").Build().BiasCount, Is.EqualTo(10_568));
        Assert.That(
            Weights("alexnet-lecture", "conv1") - Weights("zfnet-lecture", "conv1"), Is.EqualTo(20_736),
            "saved by 7x7 in place of 11x11");
        Assert.That(Weights("vgg16", "classifier.0"), Is.EqualTo(102_760_448));
    }

    /// <summary>Compares each inception module's volume and number of parameters.</summary>
    [Test]
    public void InceptionModulesMatchThePaper()
    {
        Network network = Architecture.Find("googlenet").Build();
        (string Module, int Channels, int Extent, long Parameters)[] modules =
        [
            ("3a", 256, 28, 163_696), ("3b", 480, 28, 388_736), ("4a", 512, 14, 376_176),
            ("4b", 512, 14, 449_160), ("4c", 512, 14, 510_104),
            ("4d", 528, 14, 605_376), ("4e", 832, 14, 868_352), ("5a", 832, 7, 1_043_456), ("5b", 1024, 7, 1_444_080),
        ];
        foreach ((string module, int channels, int extent, long parameters) in modules)
        {
            Node concat = network.Graph.Nodes.Single(node => node.Path == $"inception{module}.concat");
            Assert.That((concat.Output.Shape.Channels, concat.Output.Shape.Height), Is.EqualTo((channels, extent)), module);
            long count = network.Parameters
                .Where(parameter => parameter.Path.StartsWith($"inception{module}.", StringComparison.Ordinal))
                .Sum(parameter => (long)parameter.Spec.Count);
            Assert.That(count, Is.EqualTo(parameters), module);
        }
        Assert.That(network.Graph.Heads.Select(head => head.Weight), Is.EqualTo(new[] { 0.3f, 0.3f }));
    }

    [Test]
    public void BottlenecksStrideWhereThePaperOrTorchvisionDoes()
    {
        Assert.That(Strides("resnet50"), Is.EqualTo((1, 2)));
        Assert.That(Strides("resnet50-v1"), Is.EqualTo((2, 1)));

        static (int, int) Strides(string name)
        {
            Network network = Architecture.Find(name).Build();
            return (Convolution(network, "layer2.0.conv1").Stride.Rows, Convolution(network, "layer2.0.conv2").Stride.Rows);
        }
    }

    private static Conv2d Convolution(Network network, string path) =>
        (Conv2d)network.Graph.Nodes.Single(node => node.Path == path).Operator;

    private static long Weights(string name, string layer) =>
        Architecture.Find(name).Build().Parameters.Single(parameter => parameter.Path == $"{layer}.weight").Spec.Count;
}
