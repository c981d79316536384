using GpuCnn.Data;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Explanations;

/// <summary>The arithmetic of single values equals what the devices compute.</summary>
public sealed class ValueExplanationTests
{
    private const int Classes = 4;

    private readonly TemporaryFolder _folder = new();
    private string _image = "";

    [OneTimeSetUp]
    public void WriteImage()
    {
        _image = _folder["image.png"];
        ImageFile.Write(_image, Picture(23, 21, 3));
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    internal static PixelImage Picture(int width, int height, int channels)
    {
        var picture = new PixelImage(width, height, channels);
        for (int i = 0; i < picture.Pixels.Length; i++) picture.Pixels[i] = (byte)(i * 2654435761L >> 13);
        return picture;
    }

    /// <summary>Every kind of layer, with strides, padding, groups and windows that leave the map.</summary>
    internal static Layer EveryLayer() => new Sequential
    {
        { "conv1", new Conv2d(12, (3, 5), (2, 1), (1, 2)) }, { "act1", new ReLU() }, { "lrn", new LocalResponseNorm(5, 0.1f, 0.75f, 2) },
        { "pool1", new MaxPool2d(3, 2, 1, ceilMode: true) },
        { "grouped", new Conv2d(12, 3, padding: 1, groups: 3, bias: false) }, { "norm", new BatchNorm2d() }, { "act2", new Tanh() },
        { "block", new Residual(new Sequential { { "conv", new Conv2d(12, 1) }, { "bn", new BatchNorm2d() } }) },
        { "act3", new LeakyReLU() }, { "wider", new ShortcutA(15, 2) },
        { "pool2", new AvgPool2d(3, 2, 1) }, { "pool3", new AvgPool2d(2, 1, 1, countPadding: false) },
        { "branches", new Branches { { "a", new Conv2d(5, 1) }, { "b", new Conv2d(7, 3, padding: 1) } } },
        { "bins", new AdaptiveAvgPool2d(2, 3) }, { "drop", new Dropout() }, { "flatten", new Flatten() },
        { "fc1", new Linear(9) }, { "act4", new Sigmoid() }, { "fc2", new Linear(Classes) },
    };

    internal static Model MakeModel(Device device, Layer layers, Shape input) =>
        Model.Create(layers, input, [.. Enumerable.Range(0, Classes).Select(index => $"class {index}")], device);

    private static IEnumerable<DeviceUnderTest> Devices => DeviceUnderTest.All;

    [TestCaseSource(nameof(Devices))]
    public void EveryValueOfEveryLayerIsExplained(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using Model model = MakeModel(device, EveryLayer(), Shape.Volume(3, 21, 23));
        Activations activations = model.Explain(_image);
        Assert.That(activations.Layers, Has.Count.EqualTo(model.Network.Graph.Nodes.Count));
        foreach (Node layer in activations.Layers)
        {
            float[] values = activations.Of(layer).Values;
            double scale = values.Max(Math.Abs);
            Assert.That(scale, Is.Positive, layer.Path);
            for (int index = 0; index < values.Length; index += 1 + values.Length / 200)
            {
                ValueExplanation value = activations.Explain(layer, index);
                string where = $"{layer.Path} [{index}]";
                Assert.That(value, Is.Not.TypeOf<UnexplainedValue>(), where);
                Assert.That(value.Value, Is.EqualTo(values[index]), where);
                Assert.That(value.Result, Is.EqualTo((double)values[index]).Within(2e-6 * scale), where);
            }
        }
    }

    [Test]
    public void AConvolutionShowsWindowFilterProductsSumAndBias()
    {
        using var device = new CpuDevice(1);
        using Model model = MakeModel(device, EveryLayer(), Shape.Volume(3, 21, 23));
        Activations activations = model.Explain(_image);
        var value = (ConvolutionExplanation)activations.Explain("conv1", 4, (0, 22));
        Assert.That((value.Top, value.Left, value.Map, value.Row, value.Column), Is.EqualTo((-1, 20, 4, 0, 22)));
        float[] input = activations.Input.Values;
        double sum = value.Bias!.Value;
        Tensor filters = model.Store().GetWeights(model.Network.Parameters.Single(parameter => parameter.Path == "conv1.weight"));
        for (int channel = 0; channel < 3; channel++)
        {
            for (int row = 0; row < 3; row++)
            {
                for (int column = 0; column < 5; column++)
                {
                    int y = -1 + row, x = 20 + column;
                    double expected = y < 0 || x >= 23 ? 0 : input[(channel * 21 + y) * 23 + x];
                    double weight = filters.Values[((4 * 3 + channel) * 3 + row) * 5 + column];
                    Assert.That(value.Window[channel, row, column], Is.EqualTo(expected));
                    Assert.That(value.Filter[channel, row, column], Is.EqualTo(weight));
                    sum += expected * weight;
                }
            }
        }
        Assert.That(value.Result, Is.EqualTo(sum).Within(1e-12));
        string text = string.Join('\n', value.Lines);
        Assert.That(text, Does.StartWith("conv1 (Conv2d): map 4 of 12, row 0, column 22 of 11x23\n"));
        Assert.That(text, Does.Contain("rows -1 to 1, columns 20 to 24; - is padding"));
        Assert.That(text, Does.Contain("channel 2: window x filter = products").And.Contain("sum of 3 channels").And.Contain("bias"));
        Assert.That(text, Does.Contain("then act1").And.EndWith("(ReLU)"));
        Assert.That(((ConvolutionExplanation)activations.Explain("grouped", 9)).FirstChannel, Is.EqualTo(8), "the third group");
    }

    [Test]
    public void TheLargestValueIsTakenWhereNoPlaceIsNamed()
    {
        using var device = new CpuDevice(1);
        using Model model = MakeModel(device, EveryLayer(), Shape.Volume(3, 21, 23));
        Activations activations = model.Explain(_image);
        float[] values = activations.Of("pool1").Values;
        Assert.That(activations.Explain("pool1").Value, Is.EqualTo(values.Max()));
        int area = values.Length / 12;
        Assert.That(activations.Explain("pool1", 7).Value, Is.EqualTo(values[(7 * area)..(8 * area)].Max()));
        Assert.That(activations.Explain("fc2").Map, Is.EqualTo(activations.Prediction.Best.Index));
        Assert.That(activations.Explain("fc1", 3, (0, 0)).Map, Is.EqualTo(3));
        var pooled = (PoolingExplanation)activations.Explain("pool1", 2, (0, 0));
        Assert.That(pooled.Window[0, 0], Is.Null, "padding");
        Assert.That(pooled.Result, Is.EqualTo(pooled.Window.Cast<double?>().Max()));
        Assert.That(string.Join('\n', pooled.Lines), Does.Match(@"\[\S+\]").And.Contain("largest"));
    }

    [TestCase("conv9", null, null, null, "test has no layer 'conv9' (near: conv1)", "it has conv1, act1, lrn")]
    [TestCase("Conv1", null, null, null, "(near: conv1)")]
    [TestCase("", null, null, null, "no layer ''")]
    [TestCase("conv1", 12, null, null, "conv1 (Conv2d) has maps 0 to 11, but got 12")]
    [TestCase("conv1", -1, null, null, "maps 0 to 11")]
    [TestCase("fc1", 9, null, null, "fc1 (Linear) has units 0 to 8, but got 9")]
    [TestCase("conv1", 3, 11, 0, "rows 0 to 10 and columns 0 to 22", "11,0")]
    [TestCase("conv1", 3, 0, 23, "columns 0 to 22", "0,23")]
    [TestCase("fc1", 3, 0, 1, "fc1 (Linear) gives a vector of 9 without rows and columns", "0,1")]
    public void WhatDoesNotExistIsNamedWithTheRange(string layer, int? map, int? row, int? column, params string[] parts)
    {
        using var device = new CpuDevice(1);
        using Model model = Model.Create(EveryLayer(), Shape.Volume(3, 21, 23), ["a", "b", "c", "d"], device, "test");
        Activations activations = model.Explain(_image);
        OneLine.Thrown(() => activations.Explain(layer, map, row is { } y ? (y, column!.Value) : null), parts);
    }

    [Test]
    public void ALongNetworkListsOnlySomeOfItsLayers()
    {
        string[] layers = [.. Enumerable.Range(0, 500).Select(index => $"layer{index}")];
        string message = new UnknownLayerException("deep", "layer3", layers).Message;
        Assert.That(message, Does.Contain("(near: layer3, layer").And.Contain("and 440 more").And.Length.LessThan(1000));
    }
}
