using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Images that are brought to the device while a step runs give the bits of those that are brought between steps.</summary>
public sealed class UploadAheadTests
{
    private const int Steps = 6;

    private static readonly Shape Input = Shape.Volume(3, 20, 20);

    [Test]
    public void StepsGiveTheSameBits(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(1, 3)] int accumulate)
    {
        using Device device = test.Make();
        (float[] weights, double[] losses) expected = Train(device, ahead: false, accumulate, Next.Right);
        foreach (Next next in Enum.GetValues<Next>())
        {
            (float[] weights, double[] losses) = Train(device, ahead: true, accumulate, next);
            Assert.That(losses, Is.EqualTo(expected.losses), $"losses, {next}");
            Assert.That(weights, Is.EqualTo(expected.weights), $"weights, {next}");
        }
        Assert.That(device.AllocatedBytes, Is.Zero);
    }

    [Test]
    public void EvaluationGivesTheSameResults(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input,
            new() { Images = 4, Loss = new SoftmaxCrossEntropy(), UploadsAhead = true });
        network.Parameters.Initialize(1);
        Batch[] batches = [.. Enumerable.Range(0, 2).Select(_ => new Batch(Input, 4) { Count = 4 })];
        BatchResult[] expected = [.. Enumerable.Range(0, Steps).Select(step => network.Plan.Evaluate(Fill(batches[0], step)))];
        for (int step = 0; step < Steps; step++)
        {
            Batch? following = step + 1 < Steps ? batches[(step + 1) % 2] : null;
            if (step == 0) Fill(batches[0], 0);
            int next = step + 1;
            BatchResult result = network.Plan.Evaluate(batches[step % 2], next: () => following is null ? null : Fill(following, next));
            // Where nothing asks for the next batch, it is filled between steps.
            if (following is not null) Fill(following, next);
            Assert.That(result, Is.EqualTo(expected[step]));
        }
    }

    /// <summary>Both places for images count before anything is allocated.</summary>
    [Test]
    public void MemoryIsKnownBefore([ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input,
            new() { Images = 5, Loss = new SoftmaxCrossEntropy(), UploadsAhead = true });
        network.Parameters.Initialize(1);
        for (int i = 0; i < 3; i++) _ = network.Plan.Evaluate(network.Batch, next: () => network.Batch);
        Assert.That(device.AllocatedBytes, Is.EqualTo(network.Plan.TotalBytes));
    }

    /// <summary>What a caller does with the batch of the next step.</summary>
    public enum Next
    {
        Right,

        /// <summary>Trains on another than it said.</summary>
        Other,

        /// <summary>Has none, now and then.</summary>
        Sometimes,

        /// <summary>Fills the batch that is trained on, as a reader with few of them does.</summary>
        Refilled,
    }

    private static (float[] Weights, double[] Losses) Train(Device device, bool ahead, int accumulate, Next next)
    {
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input,
            new()
            {
                Images = 4,
                Accumulate = accumulate,
                Loss = new SoftmaxCrossEntropy(),
                Training = true,
                Optimizer = new Sgd(),
                UploadsAhead = ahead,
            });
        network.Parameters.Initialize(1);
        int images = 4 * accumulate;
        Batch[] batches = [.. Enumerable.Range(0, 3).Select(_ => new Batch(Input, images) { Count = images })];
        var losses = new double[Steps];
        Batch batch = Fill(batches[0], 0);
        for (int step = 0; step < Steps; step++)
        {
            Batch following = next == Next.Refilled ? batch : batches[(step + 1) % 2];
            int own = step;
            losses[step] = network.Plan.Train(batch, 0.05f, 1, (ulong)step, () => next switch
            {
                Next.Other => Fill(batches[2], own + 100),
                Next.Sometimes when own % 2 == 0 => null,
                _ => Fill(following, own + 1),
            }).Loss;
            // Devices that do not ask meanwhile get the same images.
            batch = Fill(following, step + 1);
        }
        return ([.. network.Parameters.ExportWeights().SelectMany(weights => weights.Value.Values)], losses);
    }

    private static Batch Fill(Batch batch, int step)
    {
        Numbers.Reals(batch.Images.Length, seed: 5 + step).CopyTo(batch.Images, 0);
        for (int i = 0; i < batch.Capacity; i++) batch.Labels[i] = (i * 7 + step) % 10;
        return batch;
    }
}
