using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Optimizers;

/// <summary>Gradients are clipped by the norm of all together before any optimizer's step.</summary>
public sealed class GradientClipTests
{
    public static IEnumerable<string> Names => Registry<Optimizer>.Names;

    /// <summary>Merged groups, partial blocks, and a frozen layer whose gradient does not count.</summary>
    [Test]
    public void TheNormOfAllTrainedGradientsIsTheLimit(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [ValueSource(nameof(Names))] string name)
    {
        using Device device = test.Make();
        using TestNetwork free = Train(device, name, 0);
        double[] gradient = Gradients(free);
        double norm = Math.Sqrt(gradient.Sum(g => g * g));
        float limit = (float)(norm / 3);
        using TestNetwork held = Train(device, name, limit);
        double[] expected = [.. gradient.Select(g => g * limit / (norm + 1e-6))];
        Closeness.Check($"{test}: gradients", [.. Gradients(held).Select(g => (float)g)], expected,
            Closeness.Tolerance(8, test.Rounding, expected));
    }

    [Test]
    public void ALimitAboveTheNormKeepsTheBits(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [ValueSource(nameof(Names))] string name)
    {
        using Device device = test.Make();
        using TestNetwork free = Train(device, name, 0), held = Train(device, name, 1e6f);
        foreach (Parameter parameter in free.Network.Parameters)
            Closeness.CheckSameBits($"{test}: {parameter.Path}", held.Weights(parameter.Path), free.Weights(parameter.Path));
    }

    /// <summary>SGD without momentum moves the weights by the rate times the clipped gradient.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void TheUpdateUsesTheClippedGradient(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using TestNetwork network = Make(device, new Sgd(momentum: 0) { Clip = 0.01f });
        double[] before = Numbers.ToDouble(network.Weights("fc.weight"));
        network.Plan.Train(network.Batch, learningRate: 8, seed: 0, step: 0);
        double[] gradient = Numbers.ToDouble(network.Gradient("fc.weight"));
        double[] expected = [.. before.Select((w, i) => w - 8 * gradient[i])];
        Assert.That(gradient.Max(Math.Abs), Is.LessThan(0.01), "clipped");
        Closeness.Check($"{test}", network.Weights("fc.weight"), expected, Closeness.Tolerance(4, test.Rounding, expected));
    }

    [Test]
    public void ThreadsDoNotChangeTheBits()
    {
        using CpuDevice one = new(1), two = new(2);
        using TestNetwork first = Train(one, "sgd", 0.05f), second = Train(two, "sgd", 0.05f);
        foreach (Parameter parameter in first.Network.Parameters)
            Closeness.CheckSameBits(parameter.Path, second.Weights(parameter.Path), first.Weights(parameter.Path));
    }

    [Test]
    public void AStepAllocatesNothing()
    {
        using var device = new CpuDevice(1);
        using TestNetwork network = Train(device, "sgd", 0.05f);
        for (int step = 1; step < 3; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 3; step < 13; step++) network.Plan.Train(network.Batch, 0.01f, 0, (ulong)step);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    /// <summary>Without a limit a plan has the same steps as ever.</summary>
    [Test]
    public void NoLimitAddsNoSteps()
    {
        using var device = new CpuDevice(1);
        using TestNetwork free = Make(device, new Sgd()), held = Make(device, new Sgd() { Clip = 1 });
        Assert.That(free.Plan.Steps, Has.None.Contains("clip"));
        Assert.That(held.Plan.Steps.Except(free.Plan.Steps), Is.EqualTo(new[] { "gradient norm", "clip factor", "clip" }));
    }

    [Test]
    public void RefusesALimitBelowZero()
    {
        foreach (float limit in new[] { -1, float.NaN, float.PositiveInfinity })
            OneLine.Thrown(() => _ = new Sgd { Clip = limit }, "clip", $"{limit}");
    }

    private static double[] Gradients(TestNetwork network) => [.. network.Network.Parameters.Where(parameter => parameter.IsTrained)
        .SelectMany(parameter => Numbers.ToDouble(network.Gradient(parameter.Path)))];

    private static TestNetwork Make(Device device, Optimizer optimizer)
    {
        var network = new TestNetwork(device,
            new Sequential
            {
                { "first", new Conv2d(26, 1) }, { "conv", new Conv2d(26, 3, groups: 13) }, new Flatten(), { "fc", new Linear(7) },
            },
            Shape.Volume(3, 6, 5), new PlanOptions { Images = 4, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = optimizer },
            frozen: "first.");
        network.Parameters.Initialize(1);
        return network;
    }

    private static TestNetwork Train(Device device, string name, float limit)
    {
        TestNetwork network = Make(device,
            Settings.With(Registry<Optimizer>.Find(name), new Dictionary<string, object?> { ["clip"] = limit }));
        network.Plan.Train(network.Batch, 1e-3f, seed: 0, step: 0);
        return network;
    }
}
