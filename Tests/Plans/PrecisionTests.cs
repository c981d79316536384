using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Tuning;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Precisions by name, which devices have them, and what they take of memory.</summary>
public sealed class PrecisionTests
{
    private const int Images = 2;

    [Test]
    public void NamesReadBack()
    {
        Assert.That(Precisions.All.Select(precision => precision.Name()), Is.EqualTo(new[] { "fp32", "tf32", "bf16" }));
        foreach (Precision precision in Precisions.All)
            foreach (string name in new[] { precision.Name(), precision.Name().ToUpperInvariant() })
                Assert.That(Precisions.Parse(name), Is.EqualTo(precision));
        foreach (string name in new[] { "fp16", "float32", "", "1", "Float32" })
            OneLine.Thrown(() => Precisions.Parse(name), "fp32, tf32 or bf16", $"'{name}'");
    }

    [Test]
    public void PlansOfAPrecisionThatTheDeviceLacksAreRefused(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values] Precision precision)
    {
        using Device device = test.Make();
        if (test.Family != "cuda-c")
            Assert.That(device.Supports(precision), Is.EqualTo(precision == Precision.Float32 || test.Family == "debug"));
        using ParameterStore parameters = device.CreateParameters(Small(), training: false);
        PlanOptions options = new() { Images = Images, Precision = precision };
        if (device.Supports(precision))
        {
            using var plan = new Plan(parameters, options);
            Assert.That(plan.Options.Precision, Is.EqualTo(precision));
            return;
        }
        var refused = (UnsupportedPrecisionException)OneLine.Thrown(() => new Plan(parameters, options).Dispose(),
            device.Name, device.Description, "fp32 only", precision.Name(), "capability 8.0");
        Assert.That(refused.Precision, Is.EqualTo(precision));
    }

    [Test]
    public void OpeningADeviceForAPrecisionRefusesOneThatLacksIt([Values("cpu", "CPU", "ilgpu-cpu")] string name)
    {
        Assert.That(() => Device.Open(name, new() { Precision = Precision.TF32 }),
            Throws.TypeOf<UnsupportedPrecisionException>().With.Message.Contains($"The device {name.ToLowerInvariant()} "));
        using Device debug = Device.Open("debug", new() { Precision = Precision.BFloat16 });
        Assert.That(debug, Is.InstanceOf<DebugDevice>());
    }

    [Test]
    public void AutoTakesTheFirstDeviceThatHasThePrecision([Values(Precision.TF32, Precision.BFloat16)] Precision precision)
    {
        DeviceListing? best = DeviceCatalog.List()
            .FirstOrDefault(device => device is { IsUsable: true, IsAutomatic: true } && device.Precisions.Contains(precision));
        if (best is null)
        {
            OneLine.Thrown(() => Device.Open(settings: new() { Precision = precision }), "no usable device", precision.Name(), "auto");
            return;
        }
        using Device device = Device.Open(settings: new() { Precision = precision });
        Assert.That((device.Name, device.Supports(precision)), Is.EqualTo((best.Name, true)));
    }

    /// <summary>
    /// The arena of ResNet-50's training step. The images, the moments and the scratch of norms, and the output stay float32, and products
    /// read a rounded copy of the weights; all other activations take half.
    /// </summary>
    [Test]
    public void BFloat16NearlyHalvesTheArenaOfResNet50()
    {
        using var device = new DebugDevice();
        Network network = Architecture.Find("resnet50").Build();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        var bytes = Precisions.All.ToDictionary(precision => precision, precision =>
        {
            using var plan = new Plan(parameters, new()
            {
                Images = 32,
                Training = true,
                Loss = new SoftmaxCrossEntropy(),
                Optimizer = new Sgd(),
                Precision = precision,
            });
            return (double)plan.ArenaBytes;
        });
        Assert.That(bytes[Precision.BFloat16] / bytes[Precision.Float32], Is.InRange(0.5, 0.54));
        Assert.That(bytes[Precision.TF32] / bytes[Precision.Float32], Is.EqualTo(1).Within(0.03));
    }

    /// <summary>The images are floats in each precision. A product of them reads a copy, rounded as other values are.</summary>
    [TestCase(Precision.TF32, 8, "tf32", "tf32")]
    [TestCase(Precision.BFloat16, 8, "bf16", "bf16")]
    // What 16 bytes of bfloat16 do not divide: the forward pass reads floats alone, the filter's gradient floats and bfloat16.
    [TestCase(Precision.BFloat16, 12, "tf32", "")]
    public void FirstLayersAreMultipliedByMatrixUnits(Precision precision, int filters, string forward, string gradient)
    {
        using var device = new DebugDevice();
        Network network = new("first", new Sequential
        {
            { "conv", new Conv2d(filters, 7, stride: 2, padding: 3) }, new ReLU(), { "second", new Conv2d(8, 1) }, new Flatten(),
            { "fc", new Linear(3) },
        }, Shape.Volume(3, 8, 8));
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var plan = new Plan(parameters,
            new() { Images = Images, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd(), Precision = precision });
        string[] choices = [.. plan.Choices.Where(choice => choice.Problem.Contains("7x7")).Select(choice => choice.Algorithm)];
        Assert.That(choices.Select(FactorsOf), Is.EqualTo(new[] { forward, gradient }), string.Join("; ", choices));

        static string FactorsOf(string choice) =>
            new[] { FactorType.TF32.Name(), FactorType.BFloat16.Name() }.FirstOrDefault(choice.EndsWith, "");
    }

    /// <summary>What was measured in one precision says nothing of another.</summary>
    [Test]
    public void ProblemsOfPrecisionsDiffer()
    {
        using var device = new DebugDevice();
        using ParameterStore parameters = device.CreateParameters(Small(), training: true);
        string[][] problems = [.. Precisions.All.Select(precision =>
        {
            using var plan = new Plan(parameters,
                new() { Images = Images, Training = true, Loss = new SoftmaxCrossEntropy(), Precision = precision });
            return plan.Choices.Select(choice => choice.Problem).ToArray();
        })];
        Assert.That(problems[0], Is.Not.Empty.And.None.Contains("32,").And.None.EndsWith("fp32"), "tables of earlier releases stay right");
        Assert.That(problems[1], Is.All.EndsWith(", tf32"));
        Assert.That(problems[2], Is.All.EndsWith(", bf16"));
        Assert.That(Tuner.Measure(Small(), device, Images, precision: Precision.TF32).Select(problem => problem.Problem),
            Is.EquivalentTo(problems[1].Distinct()));
    }

    /// <summary>What layers give, and the slope of a logit, are read as floats however they are stored.</summary>
    [Test]
    public void KeptValuesAndTheirGradientsAreReadInEachPrecision()
    {
        using var device = new DebugDevice();
        var network = new Network("kept", new Sequential
        {
            { "head", new Conv2d(8, 3, padding: 1) }, new Sigmoid(),
            new Branches { { "a", new Conv2d(5, 1) }, { "b", new Sequential { new MaxPool2d(3, 1, 1), { "wide", new Conv2d(8, 1) } } } },
            { "norm", new BatchNorm2d() }, new Tanh(), new Flatten(), { "fc", new Linear(3) },
        }, Shape.Volume(3, 5, 4));
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        parameters.Initialize(1);
        Batch batch = SyntheticBatch.Of(network, Images);
        Dictionary<Precision, Tensor[]> read = Precisions.All.ToDictionary(precision => precision, precision =>
        {
            using var plan = new Plan(parameters,
                new() { Images = Images, GradientOf = network.Graph.Nodes[0].Output, Precision = precision });
            plan.Differentiate(batch, [1, 2]);
            return network.Graph.Nodes.Select(node => plan.ReadValue(node.Output)).Append(plan.ReadGradient()).ToArray();
        });
        foreach (Precision precision in new[] { Precision.TF32, Precision.BFloat16 })
        {
            // Half a unit of 11 or 8 bits, several times in a row.
            double rounding = precision == Precision.TF32 ? Math.Pow(2, -9) : Math.Pow(2, -5);
            for (int i = 0; i < read[precision].Length; i++)
            {
                double[] expected = Numbers.ToDouble(read[Precision.Float32][i].Values);
                Closeness.Check($"{precision.Name()}, value {i}", read[precision][i].Values, expected,
                    rounding * expected.Select(Math.Abs).Max());
            }
        }
        Assert.That(read[Precision.BFloat16][0].Values, Is.Not.EqualTo(read[Precision.Float32][0].Values));
        Assert.That(read[Precision.BFloat16][0].Values.All(value => (float)(BFloat16)value == value), "it is stored as bfloat16");
    }

    private static Network Small() => new("small", new Sequential
    {
        { "conv", new Conv2d(8, 3, stride: 2, padding: 1) }, new ReLU(), { "narrow", new Conv2d(4, 1) }, new Flatten(),
        { "fc", new Linear(3) },
    }, Shape.Volume(3, 8, 8));
}
