using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Devices;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Steps whose results are read while the next step runs give the bits of those whose results are read at once.</summary>
public sealed class PendingStepsTests
{
    private const int Steps = 6;

    private static readonly Shape Input = Shape.Volume(3, 12, 12);

    /// <summary>The batch is filled for the next step as soon as it may be.</summary>
    [Test]
    public void StepsGiveTheSameBits([Values] bool uploadsAhead, [Values(1, 3)] int accumulate)
    {
        using var debug = new DebugDevice();
        using var late = new LateDevice();
        (float[] weights, BatchResult[] results) expected = Train(debug, uploadsAhead, accumulate, pending: 1);
        (float[] weights, BatchResult[] results) = Train(late, uploadsAhead, accumulate, pending: 2);
        Assert.That(results, Is.EqualTo(expected.results));
        Assert.That(weights, Is.EqualTo(expected.weights));
        Assert.That(late.AllocatedBytes, Is.Zero);
    }

    [Test]
    public void DevicesGiveTheSameBits([ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        using Device device = test.Make();
        (float[] weights, BatchResult[] results) expected = Train(device, ahead: true, accumulate: 1, pending: 1);
        (float[] weights, BatchResult[] results) = Train(device, ahead: true, accumulate: 1, pending: 2);
        Assert.That(results, Is.EqualTo(expected.results));
        Assert.That(weights, Is.EqualTo(expected.weights));
    }

    [Test]
    public void AStepWaitsForNothing()
    {
        using var device = new LateDevice();
        using TestNetwork network = Make(device, ahead: true, accumulate: 1);
        network.Plan.BeginTraining(network.Batch, 0.05f, 1, 0);
        int waits = device.Waits;
        for (int step = 1; step < Steps; step++)
        {
            network.Plan.BeginTraining(network.Batch, 0.05f, 1, (ulong)step);
            network.Plan.EndTraining();
        }
        Assert.That(device.Waits, Is.EqualTo(waits));
    }

    /// <summary>Losses and outputs of evaluations, and outputs of a plan without a loss.</summary>
    [Test]
    public void EvaluationsGiveTheSameBits(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values] bool hasLoss)
    {
        using (Device device = test.Make()) Check(device, hasLoss);
        using var late = new LateDevice();
        Check(late, hasLoss);
        Assert.That(late.AllocatedBytes, Is.Zero);

        static void Check(Device device, bool hasLoss)
        {
            using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input,
                new() { Images = 4, Loss = hasLoss ? new SoftmaxCrossEntropy() : null, UploadsAhead = true });
            network.Parameters.Initialize(1);
            Plan plan = network.Plan;
            Batch batch = network.Batch;
            var expected = new (BatchResult Result, float[] Output)[Steps];
            for (int step = 0; step < Steps; step++)
            {
                Fill(batch, step);
                BatchResult result = default;
                if (hasLoss) result = plan.Evaluate(batch);
                else plan.Infer(batch);
                expected[step] = (result, network.ReadOutput());
            }
            int read = 0;
            Fill(batch, 0);
            for (int step = 0; step < Steps; step++)
            {
                int next = step + 1;
                if (hasLoss) plan.BeginEvaluation(batch, readsOutput: true, next: () => Fill(batch, next));
                else plan.BeginInference(batch, () => Fill(batch, next));
                Fill(batch, next);
                if (next - read == plan.MostPending) Read();
            }
            while (read < Steps) Read();

            void Read()
            {
                var output = new float[expected[read].Output.Length];
                BatchResult result = default;
                if (hasLoss) result = plan.EndEvaluation(output);
                else plan.EndInference(output);
                Assert.That(result, Is.EqualTo(expected[read].Result));
                Assert.That(output, Is.EqualTo(expected[read++].Output), $"batch {read}");
            }
        }
    }

    [Test]
    public void AnOutputThatWasNotAskedForIsRefused()
    {
        using var device = new LateDevice();
        using TestNetwork network = Make(device, ahead: false, accumulate: 1);
        Assert.That(() => network.Plan.EndEvaluation(), Throws.InvalidOperationException);
        Assert.That(() => network.Plan.EndInference(new float[40]), Throws.InvalidOperationException);
        network.Plan.BeginEvaluation(network.Batch);
        Assert.That(() => network.Plan.EndEvaluation(new float[40]), Throws.InvalidOperationException);
        Assert.That(network.Plan.EndEvaluation().Images, Is.EqualTo(4));
    }

    [Test]
    public void MorePendingStepsThanMayBeAreRefused()
    {
        using var device = new LateDevice();
        using TestNetwork network = Make(device, ahead: false, accumulate: 1);
        Assert.That(network.Plan.MostPending, Is.EqualTo(2));
        Assert.That(() => network.Plan.EndTraining(), Throws.InvalidOperationException);
        network.Plan.BeginTraining(network.Batch, 0.05f, 1, 0);
        Assert.That(() => network.Plan.Train(network.Batch, 0.05f, 1, 1),
            Throws.InvalidOperationException.With.Message.Contains("pending"));
        Assert.That(() => network.Plan.Evaluate(network.Batch), Throws.InvalidOperationException.With.Message.Contains("pending"));
        network.Plan.BeginTraining(network.Batch, 0.05f, 1, 1);
        Assert.That(() => network.Plan.BeginTraining(network.Batch, 0.05f, 1, 2), Throws.InvalidOperationException);
        network.Plan.EndTraining();
        network.Plan.EndTraining();
        Assert.That(network.Plan.Train(network.Batch, 0.05f, 1, 2).Images, Is.EqualTo(4));
    }

    private static TestNetwork Make(Device device, bool ahead, int accumulate)
    {
        var network = new TestNetwork(device, TestNetwork.SmallNet(), Input,
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
        return network;
    }

    private static (float[] Weights, BatchResult[] Results) Train(Device device, bool ahead, int accumulate, int pending)
    {
        using TestNetwork network = Make(device, ahead, accumulate);
        pending = Math.Min(pending, network.Plan.MostPending);
        var results = new List<BatchResult>();
        Batch batch = network.Batch;
        Fill(batch, 0);
        for (int step = 0; step < Steps; step++)
        {
            int next = step + 1;
            network.Plan.BeginTraining(batch, 0.05f, 1, (ulong)step, () => Fill(batch, next));
            // Devices that do not ask meanwhile get the same images.
            Fill(batch, next);
            if (step + 1 >= pending) results.Add(network.Plan.EndTraining());
        }
        while (results.Count < Steps) results.Add(network.Plan.EndTraining());
        return ([.. network.Parameters.ExportWeights().SelectMany(weights => weights.Value.Values)], [.. results]);
    }

    private static Batch Fill(Batch batch, int step)
    {
        Numbers.Reals(batch.Images.Length, seed: 5 + step).CopyTo(batch.Images, 0);
        for (int i = 0; i < batch.Capacity; i++) batch.Labels[i] = (i * 7 + step) % 10;
        return batch;
    }
}
