using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Optimizers;

/// <summary>ZFNet's rule: after a step no convolution filter is larger than the limit, and nothing else changes.</summary>
public sealed class FilterLimitTests
{
    private const float Limit = 0.1f;

    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void LimitsOnlyFilters(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using TestNetwork free = Train(device, 0), held = Train(device, Limit);
        int above = 0, below = 0;
        foreach (string path in free.Network.Parameters.Select(parameter => parameter.Path))
        {
            float[] before = free.Weights(path), after = held.Weights(path);
            if (!path.StartsWith("conv", StringComparison.Ordinal) || !path.EndsWith("weight", StringComparison.Ordinal))
            {
                Assert.That(after, Is.EqualTo(before), $"{test}: {path}");
                continue;
            }
            int perFilter = before.Length / free.Network.Parameters.Single(parameter => parameter.Path == path).Spec.Dimensions[0];
            foreach ((int filter, float[] weights) in before.Chunk(perFilter).Index())
            {
                double rms = Math.Sqrt(weights.Average(weight => (double)weight * weight)), factor = Math.Min(1, Limit / rms);
                if (factor < 1) above++;
                else below++;
                double[] expected = [.. weights.Select(weight => weight * factor)];
                Closeness.Check($"{test}: filter {filter} of {path}", after.AsSpan(filter * perFilter, perFilter), expected,
                    Closeness.Tolerance(perFilter + 8, test.Rounding, expected));
            }
        }
        Assert.That(Math.Min(above, below), Is.Positive, "filters above and below the limit");
    }

    [Test]
    public void RefusesALimitBelowZero()
    {
        foreach (float limit in new[] { -0.1f, float.NaN, float.PositiveInfinity }) OneLine.Thrown(() => _ = new Sgd(maxFilterRms: limit),
            "rms", $"{limit}");
    }

    /// <summary>
    /// One step; the filters start on both sides of the limit, in whole and partial blocks, merged groups and strips of all widths.
    /// </summary>
    private static TestNetwork Train(Device device, float limit)
    {
        var network = new TestNetwork(device,
            new Sequential
            {
                { "conv1", new Conv2d(13, 3) { WeightInitializer = Initializer.Normal(Limit) } },
                { "conv2", new Conv2d(26, 3, groups: 13) { WeightInitializer = Initializer.Normal(Limit) } },
                { "conv3", new Conv2d(40, 1) { WeightInitializer = Initializer.Normal(Limit) } },
                new Flatten(), { "fc", new Linear(7) },
            },
            Shape.Volume(3, 6, 5),
                new PlanOptions
                {
                    Images = 4,
                    Loss = new SoftmaxCrossEntropy(),
                    Training = true,
                    Optimizer = new Sgd(momentum: 0, maxFilterRms: limit)
                });
        network.Parameters.Initialize(1);
        network.Plan.Train(network.Batch, 1e-3f, seed: 0, step: 0);
        return network;
    }
}
