using System.Text.Json;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Losses;

/// <summary>Rules that hold for every loss in the registry.</summary>
[TestFixtureSource(nameof(Names))]
public sealed class LossContract(string name)
{
    private const int Classes = 7;
    private static readonly int[] Labels = [2, 6, 0, 4, 4];

    public static IEnumerable<string> Names => Registry<Loss>.Names;

    private Loss Made => Registry<Loss>.Find(name);

    [Test]
    public void ItHasTestsOfItsOwn()
    {
        if (Made.GetType().Assembly != typeof(Loss).Assembly) return;
        IEnumerable<string> fixtures = typeof(LossContract).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(LossContract).Namespace).Select(type => type.Name);
        Assert.That(fixtures, Does.Contain($"{Made.GetType().Name}Tests"), "a fixture in Tests/Losses");
    }

    [Test]
    public void ItSaysWhatItIs() => Assert.That(
        Settings.Of(Made.GetType()).Select(setting => setting.Description), Is.All.EndsWith(".").And.All.Not.Contains("\n"));

    [Test]
    public void ItReadsBackFromJson()
    {
        string json = JsonSerializer.Serialize(Made);
        Loss read = JsonSerializer.Deserialize<Loss>(json)!;
        Assert.That(read, Is.TypeOf(Made.GetType()));
        Assert.That(JsonSerializer.Serialize(read), Is.EqualTo(json));
        Assert.That(Made.ForValidation.Name, Is.EqualTo(name), "what is judged is of the same kind");
    }

    /// <summary>
    /// Compares with central differences of the loss on the device, in float32: a wrong sign, factor or term is far outside the tolerance.
    /// </summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void TheGradientIsTheSlopeOfTheLoss(DeviceUnderTest test)
    {
        const float Step = 1 / 128f;
        const double Bent = 2e-4;
        float[] x = Numbers.Reals(Labels.Length * Classes, seed: 3, limit: 1.5f);
        using var evaluated = new Evaluated(test, Made, Labels);
        float[] gradient = evaluated.Run(x).Gradient;
        double middle = evaluated.Run(x).Result.LossSum;
        Assert.That(gradient.Any(value => value != 0));
        int compared = 0;
        for (int i = 0; i < x.Length; i += 3)
        {
            double up = Moved(i, Step), down = Moved(i, -Step), slope = (up - down) / (2 * Step) / Labels.Length;
            // At a kink there is no slope.
            if (Math.Abs(up + down - 2 * middle) > Bent) continue;
            Assert.That(gradient[i], Is.EqualTo(slope).Within(2e-3 * gradient.Max(Math.Abs)), $"{test}: x[{i}]");
            compared++;
        }
        Assert.That(compared, Is.GreaterThan(x.Length / 3 / 2));

        double Moved(int i, float change)
        {
            float[] moved = [.. x];
            moved[i] += change;
            return evaluated.Run(moved).Result.LossSum;
        }
    }

    /// <summary>An image without a label has neither loss nor gradient, and does not count in the mean.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void ImagesWithoutALabelDoNotCount(DeviceUnderTest test)
    {
        float[] x = Numbers.Reals(Labels.Length * Classes, seed: 4, limit: 2);
        int[] some = [.. Labels.Select((label, i) => i < 2 ? label : -1)];
        using Evaluated all = new(test, Made, Labels[..2]), part = new(test, Made, some);
        (BatchResult expected, float[] alone) = all.Run(x[..(2 * Classes)]);
        (BatchResult result, float[] gradient) = part.Run(x);
        Assert.That((result.Images, result.LossSum, result.Top1, result.Top5),
            Is.EqualTo((2, expected.LossSum, expected.Top1, expected.Top5)));
        Closeness.CheckSameBits($"{test}", gradient.AsSpan(0, 2 * Classes), alone);
        Assert.That(gradient.Skip(2 * Classes), Is.All.Zero);
    }

    /// <summary>Losses differ, but the ranks are the same for all of them.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void RanksAreThoseOfTheScores(DeviceUnderTest test)
    {
        float[] x = Numbers.Eighths(Labels.Length * Classes, seed: 5);
        int[] ranks = [.. Labels.Select((label, n) => Enumerable.Range(0, Classes)
            .Count(k => x[n * Classes + k] > x[n * Classes + label] || (x[n * Classes + k] == x[n * Classes + label] && k < label)))];
        using var evaluated = new Evaluated(test, Made, Labels);
        BatchResult result = evaluated.Run(x).Result;
        Assert.That((result.Top1, result.Top5), Is.EqualTo((ranks.Count(rank => rank < 1), ranks.Count(rank => rank < 5))));
    }

    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void EveryDeviceComputesWhatTheCpuDoes(DeviceUnderTest test)
    {
        float[] x = Numbers.Reals(Labels.Length * Classes, seed: 6, limit: 4);
        using Evaluated cpu = new(DeviceUnderTest.All[0], Made, Labels), other = new(test, Made, Labels);
        (BatchResult expected, float[] gradient) = cpu.Run(x);
        (BatchResult result, float[] actual) = other.Run(x);
        Assert.That(result.LossSum, Is.EqualTo(expected.LossSum).Within(4e-6 * expected.LossSum));
        Closeness.Check($"{test}", actual, Numbers.ToDouble(gradient), 4e-6 * gradient.Max(Math.Abs));
    }

    [Test]
    public void AVolumeIsRefusedInOneLine() => OneLine.Thrown(() => Made.CheckOutput(Shape.Volume(10, 2, 2)), "10x2x2");

    [Test]
    public void MixedLabelsAreTakenOrRefused()
    {
        using var device = new CpuDevice(1);
        using ParameterStore parameters = device.CreateParameters(new Network("test", new Linear(3), Shape.Vector(4)), training: true);
        var options = new PlanOptions { Images = 2, Training = true, MixedLabels = true, Loss = Made };
        if (!Made.TakesMixedLabels)
        {
            Assert.That(() => new Plan(parameters, options), Throws.ArgumentException);
            return;
        }
        parameters.Initialize(seed: 1);
        using var plan = new Plan(parameters, options);
        var batch = new Batch(Shape.Vector(4), 2) { Count = 2 };
        (batch.Labels[0], batch.Labels[1], batch.Others[0], batch.Others[1], batch.Shares[0], batch.Shares[1]) = (0, 1, 2, 2, 0.5f, 0.25f);
        Assert.That(plan.ComputeGradients(batch).LossSum, Is.Positive);
    }

    /// <summary>Runs a loss on scores that are the network's input.</summary>
    private sealed class Evaluated : IDisposable
    {
        private readonly Device _device;
        private readonly ParameterStore _parameters;
        private readonly Plan _plan;
        private readonly Batch _batch;

        public Evaluated(DeviceUnderTest test, Loss loss, int[] labels)
        {
            _device = test.Make();
            _parameters = _device.CreateParameters(new("test", new Dropout(0), Shape.Vector(Classes)), training: true, inputGradient: true);
            _plan = new(_parameters, new() { Images = labels.Length, Training = true, InputGradient = true, Loss = loss });
            _batch = new(Shape.Vector(Classes), labels.Length) { Count = labels.Count(label => label >= 0) };
            labels.CopyTo(_batch.Labels, 0);
        }

        public (BatchResult Result, float[] Gradient) Run(float[] x)
        {
            x.CopyTo(_batch.Images, 0);
            BatchResult result = _plan.ComputeGradients(_batch);
            var gradient = new float[x.Length];
            _plan.ReadInputGradient(gradient);
            return (result, gradient);
        }

        public void Dispose()
        {
            _plan.Dispose();
            _parameters.Dispose();
            _device.Dispose();
        }
    }
}
