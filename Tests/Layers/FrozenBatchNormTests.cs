using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>Training through batch norms whose running statistics are frozen.</summary>
public sealed class FrozenBatchNormTests
{
    private const int Images = 3;
    private const double Step = 1e-5;

    private static readonly ReferenceBatchNorm2d Reference = new(1e-3, 0.25);

    /// <summary>One block, several, and a partial one; four channels a thread and one; several parts of a batch.</summary>
    public static IEnumerable<Shape> Inputs =>
        [Shape.Volume(3, 5, 4), Shape.Volume(8, 4, 4), Shape.Volume(17, 7, 9), Shape.Volume(6, 19, 21)];

    /// <summary>
    /// The output is that of inference, and the gradients are central differences in float64 of sum(w tanh(norm(x) [+ x])).
    /// </summary>
    [Test]
    public void GradientsAreDifferencesOfTheOutput(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [ValueSource(nameof(Inputs))] Shape input,
        [Values] bool adds)
    {
        using Device device = test.Make();
        Layer layers = adds ? new Sequential { { "block", new Residual(new Sequential { { "norm", Norm() } }) }, new Tanh() }
            : new Sequential { { "block", new Sequential { { "norm", Norm() } } }, new Tanh() };
        using TestNetwork network = Make(device, layers, input,
            new() { Images = Images, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        float[][] values = Set(network);
        network.Plan.ComputeGradients(network.Batch);
        Extent extent = Extent.Of(Images, input);
        double[] x = Numbers.ToDouble(network.Images);
        double[][] parameters = [.. values[..2].Select(Numbers.ToDouble)], state = [.. values[2..].Select(Numbers.ToDouble)];
        double[] y = Forward(x);
        Check("output", network.ReadOutput(), y);
        Check("input gradient", network.ReadInputGradient(), OfEach(x));
        Check("gradient of weight", network.Gradient("block.norm.weight"), Differences(parameters[0]));
        Check("gradient of bias", network.Gradient("block.norm.bias"), Differences(parameters[1]));
        Assert.That(State(network), Is.EqualTo(values[2..]), $"{test}: running statistics");

        double[] Forward(double[] at)
        {
            double[] norm = Reference.Infer(extent, at, parameters, state);
            return [.. norm.Select((value, i) => Math.Tanh(adds ? value + at[i] : value))];
        }

        // An output depends on the input at its own place alone, so that all may change at once.
        double[] OfEach(double[] at)
        {
            double[] above = Forward([.. at.Select(value => value + Step)]), below = Forward([.. at.Select(value => value - Step)]);
            return [.. above.Select((value, i) => ProjectionLoss.Weight(i) * (value - below[i]) / (2 * Step))];
        }

        // A scale or a shift reaches a whole channel: one changes at a time.
        double[] Differences(double[] numbers)
        {
            var result = new double[numbers.Length];
            for (int i = 0; i < numbers.Length; i++)
            {
                double before = numbers[i];
                numbers[i] = before + Step;
                double[] above = Forward(x);
                numbers[i] = before - Step;
                double[] below = Forward(x);
                numbers[i] = before;
                for (int k = 0; k < above.Length; k++)
                    if (above[k] != below[k]) result[i] += ProjectionLoss.Weight(k) * (above[k] - below[k]) / (2 * Step);
            }
            return result;
        }

        void Check(string what, float[] actual, double[] expected) =>
            Closeness.Check($"{test}: {what}", actual, expected, 1e-8 + Closeness.Tolerance(
                Reference.LongestSum(extent), test.Rounding, expected));
    }

    /// <summary>What fills up a batch, be it not a number, gets no gradient and gives none.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void PartialBatchUsesOnlyItsRealImages(DeviceUnderTest test)
    {
        Shape input = Shape.Volume(13, 3, 5);
        using Device device = test.Make();
        using TestNetwork full = Make(device, new Sequential { { "norm", Norm() }, new Tanh() }, input,
            new() { Images = 2, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        using TestNetwork part = Make(device, new Sequential { { "norm", Norm() }, new Tanh() }, input,
            new() { Images = 5, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
        Set(full);
        Set(part);
        part.Batch.Count = 2;
        full.Batch.Images.CopyTo(part.Batch.Images, 0);
        part.Batch.Images.AsSpan(2 * input.Count).Fill(float.NaN);
        full.Plan.ComputeGradients(full.Batch);
        part.Plan.ComputeGradients(part.Batch);
        Closeness.CheckSameBits($"{test}: input", part.ReadInputGradient()[..(2 * input.Count)], full.ReadInputGradient());
        Assert.That(part.ReadInputGradient()[(2 * input.Count)..], Is.All.Zero, $"{test}: images that are not real");
        double[] expected = Numbers.ToDouble(full.Gradient("norm.weight"));
        Closeness.Check($"{test}: weight", part.Gradient("norm.weight"), expected, Closeness.Tolerance(64, test.Rounding, expected));
    }

    /// <summary>The statistics stay through steps, scale and shift move, and a convolution before gathers no moments.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void StepsLeaveTheStatistics(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using TestNetwork network = Make(device,
            new Sequential { { "conv", new Conv2d(5, 3) }, { "norm", Norm() }, new ReLU(), new Flatten(), { "fc", new Linear(3) } },
            Shape.Volume(3, 6, 5), new() { Images = 4, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() });
        network.Parameters.Initialize(1);
        string[] paths = [.. network.Network.Parameters.Select(parameter => parameter.Path)];
        float[][] before = [.. paths.Select(network.Weights)];
        for (int step = 0; step < 2; step++) network.Plan.Train(network.Batch, 0.1f, 0, (ulong)step);
        foreach ((string path, float[] weights) in paths.Zip(before))
            Assert.That(network.Weights(path).SequenceEqual(weights), Is.EqualTo(network.Network.Parameters.Single(
                parameter => parameter.Path == path).IsState), $"{test}: {path}");
        Assert.That(network.Plan.Steps, Has.None.Contains("moments"));
    }

    /// <summary>With scale and shift frozen too, a norm needs no sums at all.</summary>
    [Test]
    public void FrozenScalesNeedNoSums()
    {
        using var device = new CpuDevice(1);
        var layers = new Sequential { { "conv", new Conv2d(5, 3) }, { "norm", Norm() }, new Flatten(), { "fc", new Linear(3) } };
        using TestNetwork trained = Make(device, layers, Shape.Volume(3, 6, 5),
            new() { Images = 4, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() });
        using TestNetwork frozen = Make(device, layers, Shape.Volume(3, 6, 5),
            new() { Images = 4, Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd() }, "norm.");
        Assert.That(trained.Plan.Steps.Except(frozen.Plan.Steps),
            Is.EqualTo(new[] { "norm statistics", "norm gradient sums", "norm parameter gradients" }));
    }

    private static BatchNorm2d Norm() => new(1e-3f, 0.25f);

    private static TestNetwork Make(Device device, Layer layers, Shape input, PlanOptions options, string? frozen = null) =>
        new(device, layers, input, options, frozen, freezesStatistics: true);

    private static float[][] Set(TestNetwork network)
    {
        float[][] values = LayerRun.Draw(
            new("", () => new Sequential { { "norm", Norm() } }, network.Network.Input, Reference), Numbers.Reals);
        for (int i = 0; i < values.Length; i++) network.SetWeights(network.Network.Parameters[i].Path, values[i]);
        return values;
    }

    private static float[][] State(TestNetwork network) =>
        [.. network.Network.Parameters.Where(parameter => parameter.IsState).Select(parameter => network.Weights(parameter.Path))];
}
