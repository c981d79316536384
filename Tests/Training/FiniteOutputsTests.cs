using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Weights and outputs that are not finite are named.</summary>
public sealed class FiniteOutputsTests
{
    private const int Classes = 3, Images = 2;

    private static readonly Shape Input = Shape.Volume(3, 6, 6);

    [Test]
    public void TheFirstNonFiniteValueIsFoundWhereverItIs(
        [Values(1, 7, 8, 33, 100)] int count, [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value)
    {
        float[] values = [.. Enumerable.Range(0, count).Select(i => i % 2 == 0 ? float.MaxValue : -float.Epsilon)];
        Assert.That(NonFiniteTensor.IndexIn(values), Is.EqualTo(-1));
        for (int i = count - 1; i >= 0; i -= 3)
        {
            values[i] = value;
            Assert.That(NonFiniteTensor.IndexIn(values), Is.EqualTo(i));
        }
        NonFiniteTensor found = NonFiniteTensor.Of("a.weight", new([count], values))!;
        Assert.That(found.Count, Is.EqualTo((count + 2) / 3));
        Assert.That(found.ToString(), Does.StartWith(FormattableString.Invariant($"a.weight holds {value} (")));
    }

    [Test]
    public void QuietAndSignallingNansOfEitherSignAreFound()
    {
        foreach (uint bits in new[] { 0x7F80_0001u, 0x7FC0_0000u, 0x7FFF_FFFFu, 0xFF80_0001u, 0xFFC0_0000u, 0xFFFF_FFFFu })
            Assert.That(NonFiniteTensor.IndexIn([0, BitConverter.UInt32BitsToSingle(bits)]), Is.EqualTo(1), $"{bits:X}");
    }

    /// <summary>Of several damaged tensors, the one that is computed with first is named, in whatever order they were set.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void TheFirstTensorInOrderOfExecutionIsNamed(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using ParameterStore parameters = device.CreateParameters(Network(), training: false);
        parameters.Initialize(seed: 1);
        Assert.That(parameters.FirstNonFinite(), Is.Null);
        foreach (string path in new[] { "head.bias", "body.conv2.weight", "conv1.bias" })
        {
            Damage(parameters, path, float.NaN);
            Assert.That(parameters.FirstNonFinite()!.Path, Is.EqualTo(path));
        }
        var exception = Assert.Throws<NonFiniteWeightsException>(() => Run(parameters));
        Assert.That(exception!.Tensor.Path, Is.EqualTo("conv1.bias"));
        Assert.That(exception.Message, Does.Contain("conv1.bias holds NaN").And.Not.Contains("\n"));
    }

    /// <summary>Finite weights that overflow: the first layer whose output is not finite is named, and the image.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void TheFirstLayerWithAnInfiniteOutputIsNamed(DeviceUnderTest test)
    {
        foreach ((string path, string layer) in new[]
        {
            ("conv1.weight", "conv1"), ("mixed.left.weight", "mixed.left"), ("mixed.right.weight", "mixed.right"),
            ("body.conv2.weight", "body.conv2"), ("head.weight", "head"),
        })
        {
            using Device device = test.Make();
            using ParameterStore parameters = device.CreateParameters(Network(), training: false);
            parameters.Initialize(seed: 1);
            Damage(parameters, path, 1e36f, all: true);
            var exception = Assert.Throws<NonFiniteOutputException>(() => Run(parameters), path);
            Assert.That((exception!.Layer, exception.Image), Is.EqualTo((layer, "picture 1")));
            Assert.That(exception.Message, Does.Contain("although its weights are finite").And.Not.Contains("\n"));
        }
    }

    /// <summary>In the plan's own precision, whose stores may overflow where float32's do not.</summary>
    [TestCase("conv1.weight", "conv1")]
    [TestCase("mixed.right.weight", "mixed.right")]
    [TestCase("head.weight", "head")]
    public void TheLayerIsNamedOfBFloat16Too(string path, string layer)
    {
        using var device = new DebugDevice();
        using ParameterStore parameters = device.CreateParameters(Network(), training: false);
        parameters.Initialize(seed: 1);
        Damage(parameters, path, 1e36f, all: true);
        Assert.That(() => Run(parameters, Precision.BFloat16),
            Throws.TypeOf<NonFiniteOutputException>().With.Property("Layer").EqualTo(layer));
    }

    [Test]
    public void ImagesWithoutALabelDoNotCount()
    {
        using Device device = DeviceUnderTest.All[0].Make();
        using ParameterStore parameters = device.CreateParameters(Network(), training: false);
        parameters.Initialize(seed: 1);
        var batch = new Batch(Input, Images) { Count = Images };
        float[] outputs = [1, 2, 3, float.NaN, 2, 3];
        batch.Labels[1] = -1;
        Assert.That(() => FiniteOutputs.Check(parameters, batch, outputs, image => $"{image}"), Throws.Nothing);
        batch.Labels[1] = 0;
        Assert.That(() => FiniteOutputs.Check(parameters, batch, outputs, image => $"{image}"),
            Throws.TypeOf<NonFiniteOutputException>().With.Property("Image").EqualTo("1").And.Property("Layer").Null);
    }

    private static Network Network() => new("test",
        new Sequential
        {
            { "conv1", new Conv2d(8, 3, padding: 1) },
            new ReLU(),
            { "mixed", new Branches { { "left", new Conv2d(8, 1) }, { "right", new Conv2d(8, 3, padding: 1) } } },
            new ReLU(),
            { "body", new Sequential { { "conv2", new Conv2d(8, 3, padding: 1) }, new ReLU() } },
            new Flatten(),
            { "head", new Linear(Classes) },
        }, Input);

    private static void Damage(ParameterStore parameters, string path, float value, bool all = false)
    {
        Parameter parameter = parameters.Network.Parameters.Single(parameter => parameter.Path == path);
        Tensor tensor = parameters.GetWeights(parameter);
        tensor.Values.AsSpan(all ? 0 : tensor.Values.Length - 1).Fill(value);
        parameters.SetWeights(parameter, tensor);
    }

    /// <summary>Infers two images, a black one and a white one.</summary>
    private static void Run(ParameterStore parameters, Precision precision = Precision.Float32)
    {
        using var plan = new Plan(parameters, new() { Images = Images, Precision = precision });
        var batch = new Batch(Input, Images) { Count = Images };
        batch.Image(1).Fill(1e4f);
        plan.Infer(batch);
        var outputs = new float[Images * Classes];
        plan.ReadOutput(outputs);
        FiniteOutputs.Check(parameters, batch, outputs, image => $"picture {image}", precision);
    }
}
