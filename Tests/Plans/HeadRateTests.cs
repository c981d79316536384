using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>The layers that give the classes may have a learning rate of their own.</summary>
public sealed class HeadRateTests
{
    private const float Rate = 0.01f, Factor = 8;

    public static IEnumerable<string> Names => Registry<Optimizer>.Names;

    /// <summary>
    /// After one step, the head's weights are those of a run at its rate, and the others those of a run at theirs, bit for bit. The names
    /// stand in an order in which the head is neither first nor last, and decay splits the ranges or not.
    /// </summary>
    [Test]
    public void EachPartMovesAtItsOwnRate(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [ValueSource(nameof(Names))] string name,
        [Values(1, 2)] int accumulate, [Values] bool decaysVectors)
    {
        using Device device = test.Make();
        using TestNetwork slow = Train(Rate, 1), fast = Train(Rate * Factor, 1), mixed = Train(Rate, Factor);
        int heads = 0;
        foreach (Parameter parameter in mixed.Network.Learned)
        {
            TestNetwork expected = parameter.IsHead ? fast : slow;
            Closeness.CheckSameBits($"{test}: {parameter}", mixed.Weights(parameter.Path), expected.Weights(parameter.Path));
            Assert.That(slow.Weights(parameter.Path), Is.Not.EqualTo(fast.Weights(parameter.Path)), $"{parameter} depends on the rate");
            if (parameter.IsHead) heads++;
        }
        Assert.That(heads, Is.EqualTo(2));

        TestNetwork Train(float rate, float factor)
        {
            Optimizer optimizer = Registry<Optimizer>.Find(name);
            if (Settings.Of(optimizer.GetType()).Any(setting => setting.Name == "decays-vectors"))
                optimizer = Settings.With(optimizer,
                    new Dictionary<string, object?> { ["weight-decay"] = 0.1f, ["decays-vectors"] = decaysVectors });
            var network = new TestNetwork(device,
                new Sequential
                {
                    { "conv", new Conv2d(5, 3) }, new BatchNorm2d(), new ReLU(), { "last", new Conv2d(7, 1) }, new GlobalAvgPool2d(),
                    new Flatten(),
                },
                Shape.Volume(3, 6, 5),
                new()
                {
                    Images = 3,
                    Accumulate = accumulate,
                    Training = true,
                    Loss = new SoftmaxCrossEntropy(),
                    Optimizer = optimizer,
                    HeadRate = factor,
                });
            network.Parameters.Initialize(1);
            network.Plan.Train(network.Batch, rate, 0, 0);
            return network;
        }
    }

    /// <summary>One launch updates all parameters of a rate, whether weight decay applies to all of them or not.</summary>
    [Test]
    public void OneRateNeedsOneLaunch()
    {
        using var device = new CpuDevice(1);
        Assert.That(Updates(1, decaysVectors: true), Is.EqualTo(1));
        Assert.That(Updates(1, decaysVectors: false), Is.EqualTo(1));
        Assert.That(Updates(2, decaysVectors: true), Is.EqualTo(3));
        Assert.That(Updates(2, decaysVectors: false), Is.EqualTo(3));

        int Updates(float factor, bool decaysVectors)
        {
            using var network = new TestNetwork(device, TestNetwork.SmallNet(), Shape.Volume(1, 20, 20),
                new()
                {
                    Images = 1,
                    Training = true,
                    Loss = new SoftmaxCrossEntropy(),
                    HeadRate = factor,
                    Optimizer = new Sgd(weightDecay: 0.1f, decaysVectors: decaysVectors),
                });
            return network.Plan.Steps.Count(step => step == "sgd");
        }
    }

    /// <summary>The head is what is reinitialized for other classes, in every architecture.</summary>
    [TestCaseSource(typeof(Architecture), nameof(Architecture.All))]
    public void TheHeadOfAnArchitectureIsItsClassLayers(Architecture architecture)
    {
        Network network = architecture.Build();
        Assert.That(network.Parameters.Where(parameter => parameter.IsHead).Select(parameter => parameter.Path),
            Is.EquivalentTo(architecture.ClassPaths()));
    }
}
