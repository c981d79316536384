using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>Known networks take the same steps on ranks as in one process, as far as the rounding of sums allows.</summary>
public sealed class RankedNetworkTests
{
    private const int Images = 16;

    [TestCase(2)]
    [TestCase(4)]
    public void TwentyStepsOfLeNetAreEqual(int size)
    {
        const int Steps = 20;
        Dictionary<string, float[]> expected = Train("lenet5", Communicator.Alone, Steps);
        Dictionary<string, float[]> actual = ThreadRanks.Run(size, ranks => Train("lenet5", ranks, Steps))[size - 1];
        Assert.That(Distances(expected, actual).Max(), Is.LessThan(1e-5));
    }

    /// <summary>
    /// In a step of ResNet-20 some of 4 million values lie within a rounding of 0, and ReLU lets their gradients through or not. So the
    /// last bit of the images changes some tensors by more than ranks, which add in another order, change most of them.
    /// </summary>
    [TestCase(2)]
    [TestCase(4)]
    public void StepsOfResNetDifferByRoundings(int size)
    {
        const int Steps = 2;
        Dictionary<string, float[]> expected = Train("resnet20", Communicator.Alone, Steps),
            turned = Train("resnet20", Communicator.Alone, Steps, turnsLastBit: true);
        Dictionary<string, float[]>[] ranked = ThreadRanks.Run(size, ranks => Train("resnet20", ranks, Steps));
        double[] distances = Distances(expected, ranked[0]), rounding = Distances(expected, turned);
        TestContext.Out.WriteLine(
            $"{size} ranks: {distances.Max():E2} {Median(distances):E2}, last bits {rounding.Max():E2} {Median(rounding):E2}");
        Assert.That(Median(distances), Is.LessThan(1e-5));
        Assert.That(distances.Max(), Is.LessThan(0.05));
        Assert.That(rounding.Max(), Is.GreaterThan(1e-5));
        foreach (Dictionary<string, float[]> other in ranked)
            foreach ((string name, float[] values) in ranked[0]) Closeness.CheckSameBits(name, other[name], values);
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>Returns for each tensor the largest difference, as a share of its largest value.</summary>
    private static double[] Distances(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual) =>
    [
        .. expected.Select(tensor => tensor.Value.Zip(actual[tensor.Key], (a, b) => (double)Math.Abs(a - b)).Max()
            / Math.Max(1e-30, tensor.Value.Max(Math.Abs))),
    ];

    private static Dictionary<string, float[]> Train(string name, Communicator ranks, int steps, bool turnsLastBit = false)
    {
        using var device = new CpuDevice(1);
        Network network = Architecture.Find(name).Build();
        (int first, int count) = new Shard(ranks.Rank, ranks.Size).Of(Images);
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var plan = new Plan(parameters, new()
        {
            Images = count,
            AllImages = Images,
            FirstImage = first,
            Ranks = ranks,
            SyncsNorms = true,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Optimizer = new Sgd(0.9f, 5e-4f),
        });
        parameters.Initialize(3);
        float[] images = Numbers.Reals(Images * network.Input.Count, seed: 5);
        if (turnsLastBit) images = [.. images.Select(MathF.BitIncrement)];
        var batch = new Batch(network.Input, count) { Count = count };
        images.AsSpan(first * network.Input.Count, batch.Images.Length).CopyTo(batch.Images);
        for (int i = 0; i < count; i++) batch.Labels[i] = (first + i) * 7 % 10;
        for (int step = 0; step < steps; step++) plan.Train(batch, 0.01f, 1, (ulong)step);
        return parameters.ExportWeights().ToDictionary(weights => weights.Key, weights => weights.Value.Values);
    }
}
