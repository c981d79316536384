using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Memory is known before its use, does not grow in training, and is released.</summary>
[NonParallelizable]
public sealed class MemoryTests
{
    private static readonly Shape Input = Shape.Volume(3, 20, 20);

    [Test]
    public void UsesThePredictedBytes(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(1, 7)] int images,
        [Values] bool training)
    {
        using Device device = test.Make();
        using (var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, Options(images, training)))
        {
            Assert.That(device.AllocatedBytes, Is.Zero, "before anything runs");
            network.Parameters.Initialize(1);
            Assert.That(device.AllocatedBytes, Is.EqualTo(network.Parameters.Bytes), "parameters");
            Step(network);
            Assert.That(device.AllocatedBytes, Is.EqualTo(network.Plan.ArenaBytes + network.Parameters.Bytes), "a plan that has run");
            Assert.That(network.Plan.TotalBytes, Is.EqualTo(device.AllocatedBytes));
            for (int i = 0; i < 3; i++) Step(network);
            Assert.That(device.AllocatedBytes, Is.EqualTo(network.Plan.TotalBytes), "after more steps");
        }
        Assert.That(device.AllocatedBytes, Is.Zero, "after Dispose");
    }

    /// <summary>Excludes the debug device, which makes an iterator for each thread of a kernel with barriers.</summary>
    public static IEnumerable<DeviceUnderTest> Frugal => DeviceUnderTest.All.Where(device => device.Family != "debug");

    [Test]
    public void StepAllocatesNothing([ValueSource(nameof(Frugal))] DeviceUnderTest test, [Values] bool training)
    {
        using Device device = test.Make();
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, Options(9, training));
        network.Parameters.Initialize(1);
        for (int i = 0; i < 3; i++) Step(network);
        // ILGPU creates an object for the host's memory at each copy of a step.
        long copies = test.Family is "opencl" or "cuda" ? 2048 : 0;
        // The test runner's own threads may allocate during one try, but not during all.
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 20 && least > 10 * copies; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true), here = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++) Step(network);
            here = GC.GetAllocatedBytesForCurrentThread() - here;
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            Assert.That(here, Is.LessThanOrEqualTo(10 * copies), "bytes on the calling thread in 10 steps");
        }
        Assert.That(least, Is.LessThanOrEqualTo(10 * copies), "bytes on all threads in 10 steps, the least of 20 tries");
    }

    [Test]
    public void BuffersAliveTogetherDoNotOverlap([Range(1, 40)] int seed, [Values(1L << 40, 5120L)] long slab)
    {
        var random = new Random(seed);
        const int steps = 30;
        PlanBuffer[] buffers = [.. Enumerable.Range(0, random.Next(1, 60)).Select(i =>
        {
            // Few sizes, so that ties and exact fits are frequent.
            int bytes = random.Next(2) == 0 ? 256 * random.Next(1, 5) : random.Next(1, 5000);
            var buffer = new PlanBuffer($"{i}", bytes, persistent: random.Next(10) == 0);
            for (int use = random.Next(0, 4); use > 0; use--) buffer.UseAt(random.Next(steps));
            return buffer;
        })];
        long total = MemoryPlan.Assign(buffers, steps, slab);

        long most = 0;
        for (int step = 0; step < steps; step++)
        {
            PlanBuffer[] alive =
            [
                .. from buffer in buffers
                   where buffer.IsPersistent || (buffer.FirstStep <= step && step <= buffer.LastStep)
                   orderby buffer.Offset
                   select buffer,
            ];
            foreach ((PlanBuffer before, PlanBuffer after) in alive.Zip(alive.Skip(1)))
                Assert.That(
                    before.Offset + before.Bytes, Is.LessThanOrEqualTo(after.Offset),
                    $"buffers {before.Name} and {after.Name} at step {step}");
            most = Math.Max(most, alive.Sum(buffer => buffer.Bytes));
        }
        Assert.That(buffers.Select(buffer => buffer.Offset), Has.All.GreaterThanOrEqualTo(0));
        Assert.That(buffers.Select(buffer => buffer.Offset % MemoryPlan.Alignment), Has.All.Zero);
        Assert.That(buffers.Max(buffer => buffer.Offset + buffer.Bytes), Is.LessThanOrEqualTo(total));
        Assert.That(total, Is.GreaterThanOrEqualTo(most));
        // The end of each slab may be unused.
        long all = buffers.Sum(buffer => MemoryPlan.RoundUp(buffer.Bytes));
        Assert.That(total, Is.LessThanOrEqualTo(slab == 5120 ? 2 * all + slab : all));
        Assert.That(buffers.Select(buffer => buffer.Offset % slab + buffer.Bytes), Has.All.LessThanOrEqualTo(slab), "across a cut");
    }

    /// <summary>A chain of any length needs two buffers at a time.</summary>
    [Test]
    public void MemoryIsReused()
    {
        PlanBuffer[] buffers = [.. Enumerable.Range(0, 50).Select(i =>
        {
            var buffer = new PlanBuffer($"{i}", 1024, persistent: false);
            buffer.UseAt(i);
            buffer.UseAt(i + 1);
            return buffer;
        })];
        Assert.That(MemoryPlan.Assign(buffers, 51, 1 << 20), Is.EqualTo(2 * 1024));
    }

    /// <summary>Only the CPU copies a batch, to channel blocks, where the first operators do not read few channels.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void TheUploadedBatchIsTheInput(DeviceUnderTest test)
    {
        using Device device = test.Make();
        using var few = new TestNetwork(device, TestNetwork.SmallNet(), Input, Options(2, training: true));
        using var many = new TestNetwork(device, TestNetwork.SmallNet(), Shape.Volume(16, 20, 20), Options(2, training: true));
        Assert.That(few.Plan.Steps, Has.None.EqualTo("input"));
        Assert.That(many.Plan.Steps.Contains("input"), Is.EqualTo(device is CpuDevice));
    }

    /// <summary>Two wide values at a time, and the batch lies where the second is later.</summary>
    [TestCaseSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))]
    public void TheBatchGivesItsPlaceToLaterValues(DeviceUnderTest test)
    {
        const int images = 8, channels = 64;
        var layers = new Sequential { { "a", new Conv2d(channels, 1) }, { "b", new Conv2d(channels, 1) }, new GlobalAvgPool2d() };
        using Device device = test.Make();
        using var network = new TestNetwork(device, layers, Input, new PlanOptions { Images = images });
        Assert.That(network.Plan.ArenaBytes, Is.LessThan(4L * images * Input.Area * (2 * channels + Input.Channels)));
    }

    [Test]
    public void PlansOfOneStoreShareTheWeights()
    {
        using var device = new CpuDevice(2);
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, Options(8, training: true));
        using var inference = new Plan(network.Parameters, Options(3, training: false));
        network.Parameters.Initialize(1);
        for (int i = 0; i < 3; i++) Step(network);
        var batch = new Batch(Input, 3) { Count = 3 };
        network.Batch.Images.AsSpan(0, batch.Images.Length).CopyTo(batch.Images);
        inference.Evaluate(batch);
        var y = new float[30];
        inference.ReadOutput(y);
        using var fresh = new TestNetwork(device, TestNetwork.SmallNet(), Input, Options(3, training: false));
        foreach ((string path, Tensor weights) in network.Parameters.ExportWeights()) fresh.SetWeights(path, weights.Values);
        fresh.Plan.Evaluate(fresh.Batch);
        Closeness.CheckSameBits("inference beside training", y, fresh.ReadOutput());
    }

    [Test]
    public void RefusesWhatDoesNotFitThePlan()
    {
        using var device = new CpuDevice(1);
        using var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, Options(4, training: false));
        network.Parameters.Initialize(1);
        Assert.That(() => network.Plan.Evaluate(new Batch(Input, 5)), Throws.ArgumentException.With.Message.Contains("4 images"));
        Assert.That(
            () => network.Plan.Evaluate(new Batch(Shape.Volume(1, 20, 20), 4)),
            Throws.ArgumentException.With.Message.Contains("3x20x20"));
        Assert.That(() => network.Plan.Train(network.Batch, 0.1f, 0, 0), Throws.InvalidOperationException);
        Assert.That(() => network.Plan.ComputeGradients(network.Batch), Throws.InvalidOperationException);
        Assert.That(() => network.ReadInputGradient(), Throws.InvalidOperationException);
        Assert.That(() => new Plan(network.Parameters, Options(0, training: false)), Throws.TypeOf<GpuCnnException>());
        Assert.That(() => new Plan(network.Parameters, Options(4, training: true)), Throws.ArgumentException);
        Assert.That(
            () => network.Parameters.SetWeights(network.Network.Parameters[0], new Tensor(6, 3, 5, 4)),
            Throws.TypeOf<GpuCnnException>().With.Message.Contains("conv1.weight").And.Message.Contains("[6, 3, 5, 5]")
                .And.Message.Contains("[6, 3, 5, 4]"));
    }

    private static PlanOptions Options(int images, bool training) =>
        new()
        {
            Images = images,
            Loss = new SoftmaxCrossEntropy(),
            Training = training,
            Optimizer = training ? new Sgd(weightDecay: 1e-4f) : null,
        };

    private static void Step(TestNetwork network)
    {
        if (network.Plan.Options.Training) network.Plan.Train(network.Batch, 0.01f, seed: 1, step: 0);
        else network.Plan.Evaluate(network.Batch);
    }
}
