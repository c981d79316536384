using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Onnx;

/// <summary>Every network, run by ONNX Runtime.</summary>
public sealed class ArchitectureExportTests
{
    private const int Classes = 7, LeastSide = 43;

    // Parameters of networks whose files take seconds to write. They differ from smaller ones in the number of convolutions.
    private const long Heavy = 90_000_000, HeavyWithNorms = 30_000_000;

    private readonly CpuDevice _device = new(threads: 2);

    [OneTimeTearDown]
    public void Dispose() => _device.Dispose();

    public static IEnumerable<TestCaseData> Networks =>
        from architecture in Architecture.All
        where IsLong || architecture.ExpectedParameters < Heavy || architecture.Name == "vgg11_bn"
        from fold in architecture.Build().Graph.Nodes.Any(node => node.Operator is BatchNorm2d) ? new[] { true, false } : [true]
        where IsLong || fold || architecture.ExpectedParameters < HeavyWithNorms
        select new TestCaseData(architecture.Name, fold).SetArgDisplayNames(architecture.Name, fold ? "folded" : "not folded");

    /// <summary>Whether tests that take minutes run too (./check --all).</summary>
    private static bool IsLong => Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") == "1";

    /// <summary>The sides are odd and unequal, so that windows and bins are cut off at the edges.</summary>
    [TestCaseSource(nameof(Networks))]
    public void LogitsAreTheNetworks(string name, bool fold)
    {
        Architecture architecture = Architecture.Find(name);
        int side = Math.Max(architecture.SmallestInput(architecture.Input.Channels)!.Value.Height + 14, LeastSide);
        var input = Shape.Volume(architecture.Input.Channels, side, side + 6);
        string[] classes = [.. Enumerable.Range(0, Classes).Select(number => $"class {number}")];
        using var model = Model.Create(name, classes, _device, input);
        OnnxComparison.Randomize(model);
        OnnxFile file = OnnxComparison.Check(model, fold);

        Assert.That(file.Classes, Is.EqualTo(classes));
        Assert.That(OnnxFile.Dimensions(file.Graph.Message(11)),
            Is.EqualTo(new object[] { "batch", (long)input.Channels, (long)input.Height, (long)input.Width }));
        Assert.That(file.Types, Has.None.EqualTo("Dropout"));
        Network network = model.Network;
        int convolutions = network.Graph.Nodes.Count(node => node.Operator is Conv2d && !network.HeadNodes.Contains(node));
        Assert.That(file.Types.Count(type => type == "Conv"), Is.EqualTo(convolutions), "training heads are left out");
    }

    [TestCase("resnet18", 20, 0)]
    [TestCase("mobilenet-v1", 27, 0)]
    [TestCase("densenet121", 121, 62)]
    public void BatchNormsAfterConvolutionsAreFolded(string name, int norms, int left)
    {
        using var model = Model.Create(name, ["a", "b"], _device, Shape.Volume(3, 33, 33));
        Assert.That(model.ToOnnx(foldBatchNorm: true).FoldedNorms, Is.EqualTo(norms - left));
        Assert.That(model.ToOnnx(foldBatchNorm: false).FoldedNorms, Is.Zero);
    }
}
