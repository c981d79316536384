using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Onnx;
using NUnit.Framework;

namespace GpuCnn.Tests.Onnx;

/// <summary>Layers with the numbers where ONNX and PyTorch's rules part.</summary>
public sealed class LayerExportTests
{
    private readonly CpuDevice _device = new(threads: 1);

    [OneTimeTearDown]
    public void Dispose() => _device.Dispose();

    public static IEnumerable<TestCaseData> Poolings =>
        from size in new[] { (2, 3), (3, 2), (5, 5) }
        from stride in new[] { (1, 2), (2, 3), (4, 3) }
        from padding in new[] { 0, 1 }
        from ceil in new[] { false, true }
        select new TestCaseData(size, stride, padding, ceil);

    [TestCaseSource(nameof(Poolings))]
    public void Pools((int, int) size, (int, int) stride, int padding, bool ceil)
    {
        for (int side = 5; side < 9; side++)
        {
            Check(new MaxPool2d(size, stride, (padding, padding), ceil), Shape.Volume(3, side, side + 1));
            foreach (bool counts in new[] { true, false })
                Check(new AvgPool2d(size, stride, (padding, padding), ceil, counts), Shape.Volume(3, side, side + 1));
        }
    }

    /// <summary>A map smaller than the window, which ceil mode allows.</summary>
    [Test]
    public void PoolsOfSmallMaps([Values(1, 2)] int side, [Values(3, 4)] int window)
    {
        Check(new MaxPool2d(window, 3, padding: 0, ceilMode: true), Shape.Volume(3, side + window - 3, side + window - 3));
        Check(new AvgPool2d(window, 3, padding: 0, ceilMode: true), Shape.Volume(3, side + window - 3, side + window - 3));
        Check(new AvgPool2d(window, 3, padding: 1, ceilMode: true), Shape.Volume(3, side + window - 3, side + window - 3));
    }

    [Test]
    public void AdaptivePools([Values(1, 3, 6, 7, 13)] int rows, [Values(1, 2, 6, 9)] int columns) =>
        Check(new AdaptiveAvgPool2d(rows, columns), Shape.Volume(3, 6, 9));

    [Test]
    public void LocalResponses([Values(1, 2, 3, 4, 5, 9)] int size, [Values(0.75f, 0.5f)] float beta) =>
        Check(new Sequential { { "conv", new Conv2d(6, 3) }, { "norm", new LocalResponseNorm(size, alpha: 0.3f, beta, k: 1.5f) } },
            Shape.Volume(3, 6, 7));

    public static IEnumerable<Layer> Activations =>
    [
        new ReLU(), new LeakyReLU(0.2f), new Sigmoid(), new Tanh(), new SiLU(), new Gelu(), new Gelu(tanh: true), new Dropout(),
        new Flatten(), new GlobalAvgPool2d(),
    ];

    [TestCaseSource(nameof(Activations))]
    public void LayersWithoutNumbers(Layer layer)
    {
        Check(layer, Shape.Volume(3, 5, 4));
        Check(new Sequential { { "conv", new Conv2d(5, 3) }, { "layer", layer } }, Shape.Volume(3, 5, 4));
    }

    [Test]
    public void Convolutions([Values(1, 2, 4)] int groups, [Values] bool bias, [Values] bool norm, [Values] bool fold)
    {
        Sequential layers = new()
        {
            { "first", new Conv2d(8, 3) },
            { "conv", new Conv2d(12, (3, 2), (2, 1), (1, 2), groups, bias) },
            { "relu", new ReLU() },
        };
        if (norm) layers.Add("norm", new BatchNorm2d(epsilon: 0.01f));
        layers.Add("last", new Conv2d(4, 1, bias: bias));
        if (norm) layers.Add("norm2", new BatchNorm2d());
        OnnxFile file = Check(layers, Shape.Volume(3, 9, 8), fold);
        Assert.That(file.Types.Count(type => type == "BatchNormalization"), Is.EqualTo(!norm ? 0 : fold ? 1 : 2));
    }

    /// <summary>A convolution that something else reads too keeps its values.</summary>
    [Test]
    public void ASharedConvolutionIsNotFolded()
    {
        Sequential layers = new()
        {
            { "conv", new Conv2d(4, 3) }, { "block", new Residual(new Sequential { { "norm", new BatchNorm2d() } }) },
        };
        Assert.That(Check(layers, Shape.Volume(3, 6, 6)).Types,
            Is.EqualTo(new[] { "Conv", "BatchNormalization", "Add", "Transpose", "Flatten" }));
    }

    [Test]
    public void Shortcuts([Values(4, 7)] int channels, [Values(1, 2, 3)] int stride) =>
        Check(new Sequential
        {
            { "conv", new Conv2d(4, 1) },
            { "block", new Residual(new Sequential { { "conv", new Conv2d(channels, 3, stride, 1) } }, new ShortcutA(channels, stride)) },
        }, Shape.Volume(3, 7, 8));

    [Test]
    public void VectorsAndBiases([Values] bool bias) => Check(
        new Sequential { { "flatten", new Flatten() }, { "fc", new Linear(5, bias) }, { "tanh", new Tanh() }, { "fc2", new Linear(4) } },
        Shape.Volume(3, 3, 2));

    /// <summary>Layers whose paths are the names of other things in a graph.</summary>
    [Test]
    public void PathsMayBeAnyNames() => Check(
        new Sequential
        {
            { "input", new Conv2d(4, 1) }, { "output", new SiLU() }, { "output_2", new Conv2d(4, 1) }, { "input.weight", new ReLU() },
            { "größe \"<&'\n", new Gelu() }, { "flatten", new Flatten() }, { "x", new Branchless() }, { "batch", new Linear(3) },
        }, Shape.Volume(3, 3, 2));

    [Test]
    public void EveryLayerHasAForm()
    {
        IEnumerable<Type> layers = typeof(Conv2d).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: false } && type.IsSubclassOf(typeof(Operator)));
        Assert.That(OnnxForm.All().Keys, Is.SupersetOf(layers));
    }

    [Test]
    public void AnUnknownLayerIsNamed()
    {
        using var model = Model.Create(new Sequential { { "a", new Unknown() } }, Shape.Volume(3, 1, 1), ["a", "b", "c"], _device);
        OneLine.Thrown(() => model.ToOnnx(true), "'a'", "Unknown", "OnnxForm<Unknown>");
    }

    [Test]
    public void LargerThanAFileCanBeIsRefused()
    {
        var network = new Engine.Graphs.Network("huge", new Sequential { { "flatten", new Flatten() }, { "fc", new Linear(4000) } },
            Shape.Volume(3, 224, 224));
        OneLine.Thrown(() => OnnxExport.CheckSize(network), "huge", "2408464000 bytes", "2147483647");
    }

    private OnnxFile Check(Layer layers, Shape input, bool fold = true)
    {
        int outputs = new Engine.Graphs.Network("layers", layers, input).Output.Shape.Count;
        using var model = Model.Create(layers, input, [.. Enumerable.Range(0, outputs).Select(i => $"{i}")], _device, "layers");
        OnnxComparison.Randomize(model);
        return OnnxComparison.Check(model, fold);
    }

    /// <summary>A layer of a program's own that computes nothing.</summary>
    private sealed class Unknown : UnaryOperator
    {
        protected override Shape InferShape(Shape input) => input;

        public override bool IsView(bool training) => true;
    }

    private sealed class Branchless : UnaryOperator
    {
        protected override Shape InferShape(Shape input) => input;

        public override bool IsView(bool training) => true;
    }

    /// <summary>A form of a program's own, found as those of the library are.</summary>
    private sealed class BranchlessForm : OnnxForm<Branchless>
    {
        protected override string Write(OnnxGraph graph, Node node, Branchless layer, IReadOnlyList<string> inputs) =>
            graph.Add(node.Path, "Identity", inputs);
    }
}
