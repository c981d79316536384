using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Optimizers;

public sealed class SgdTests
{
    /// <summary>
    /// Takes each step's gradients from the device, so that only the update is compared: three roundings per step, of numbers up to the
    /// largest weight or velocity.
    /// </summary>
    [Test]
    public void MatchesTheReference(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test,
        [Values(0f, 0.9f)] float momentum, [Values(0f, 0.01f)] float decay, [Values] bool nesterov)
    {
        const int steps = 5;
        using Device device = test.Make();
        using var network = new TestNetwork(device, new Sequential { { "conv", new Conv2d(5, 3) }, new Flatten(), { "fc", new Linear(7) } },
            Shape.Volume(3, 6, 5),
                new PlanOptions
                {
                    Images = 4,
                    Loss = new SoftmaxCrossEntropy(),
                    Training = true,
                    Optimizer = new Sgd(momentum, decay, nesterov)
                });
        network.Parameters.Initialize(1);
        string[] paths = [.. network.Network.Parameters.Select(parameter => parameter.Path)];
        double[][] weights = [.. paths.Select(path => Numbers.ToDouble(network.Weights(path)))];
        ReferenceSgd[] references = [.. paths.Select(_ => new ReferenceSgd(momentum, decay, nesterov))];
        for (int step = 0; step < steps; step++)
        {
            float rate = 0.1f / (step + 1);
            network.Plan.Train(network.Batch, rate, seed: 0, (ulong)step);
            for (int i = 0; i < paths.Length; i++)
            {
                references[i].Step(weights[i], Numbers.ToDouble(network.Gradient(paths[i])), rate);
                Closeness.Check($"{test}: {paths[i]} after step {step}", network.Weights(paths[i]), weights[i],
                    Closeness.Tolerance(3 * (step + 1), test.Rounding, weights[i]));
                Parameter parameter = network.Network.Parameters[i];
                Closeness.Check(
                    $"{test}: velocity of {paths[i]} after step {step}", network.Parameters.GetSlot("velocity", parameter).Values,
                        references[i].Velocity,
                    Closeness.Tolerance(3 * (step + 1), test.Rounding, references[i].Velocity));
            }
        }
    }

    [Test]
    public void VelocityThatWasSetIsUsed()
    {
        using Device device = DeviceUnderTest.All[0].Make();
        using var network = new TestNetwork(device, new Linear(3, bias: false), Shape.Vector(4),
            new PlanOptions { Images = 1, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd(momentum: 0.5f) });
        Parameter weight = network.Network.Parameters[0];
        float[] velocity = Numbers.Eighths(12, seed: 1);
        network.SetWeights("weight", new float[12]);
        network.Parameters.SetSlot("velocity", weight, new Tensor([3, 4], velocity));
        Array.Clear(network.Batch.Images);
        network.Plan.Train(network.Batch, learningRate: 1, seed: 0, step: 0);
        Assert.That(network.Weights("weight"), Is.EqualTo(velocity.Select(v => -0.5f * v)));
    }

    [Test]
    public void RefusesSettingsThatCannotConverge()
    {
        foreach (float momentum in new[] { -0.1f, 1, float.NaN })
            Assert.That(() => new Sgd(momentum), Throws.TypeOf<SettingException>().With.Message.Contains("momentum"));
        foreach (float decay in new[] { -0.1f, float.PositiveInfinity, float.NaN })
            Assert.That(() => new Sgd(0.9f, decay), Throws.TypeOf<SettingException>().With.Message.Contains("weight decay"));
    }
}
