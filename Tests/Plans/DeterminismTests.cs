using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>A run's weights depend only on the seed.</summary>
public sealed class DeterminismTests
{
    private const int Steps = 20;

    public static IEnumerable<TestCaseData> Families =>
        DeviceUnderTest.All.GroupBy(device => device.Family)
            .Select(family => new TestCaseData((object)family.ToArray()).SetArgDisplayNames(family.Key));

    [TestCaseSource(nameof(Families))]
    public void SameSeedGivesSameWeights(DeviceUnderTest[] family)
    {
        (float[] losses, float[] weights) = Train(family[0], seed: 1);
        Assert.That(losses[^1], Is.LessThan(losses[0]), "training does something");
        foreach (DeviceUnderTest device in family)
        {
            (float[] again, float[] weightsAgain) = Train(device, seed: 1);
            Closeness.CheckSameBits($"{device}: losses", again, losses);
            Closeness.CheckSameBits($"{device}: weights", weightsAgain, weights);
        }
        Assert.That(Train(family[0], seed: 2).Losses, Is.Not.EqualTo(losses), "another seed");
    }

    private static (float[] Losses, float[] Weights) Train(DeviceUnderTest test, ulong seed)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Shape.Volume(3, 18, 18),
            new PlanOptions
            {
                Images = 20,
                Loss = new SoftmaxCrossEntropy(),
                Training = true,
                Optimizer = new Sgd(weightDecay: 1e-4f, nesterov: true)
            });
        network.Parameters.Initialize(seed);
        float[] losses =
            [.. Enumerable.Range(0, Steps).Select(step => (float)network.Plan.Train(network.Batch, 0.05f, seed, (ulong)step).Loss)];
        return (losses, [.. network.Parameters.ExportWeights().SelectMany(weights => weights.Value.Values)]);
    }
}
