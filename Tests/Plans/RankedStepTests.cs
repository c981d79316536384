using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Distributed;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Ranks that sum their gradients take the steps of one process with all images.</summary>
public sealed class RankedStepTests
{
    private const float Rate = 0.05f;
    private const int Steps = 3, Images = 12;

    private static readonly Shape Input = Shape.Volume(3, 14, 14);

    /// <summary>Dropout draws by an image's place among all, so it drops the same values.</summary>
    [Test]
    public void StepsAreThoseOfOneProcess(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test,
        [Values("2 ranks", "3 ranks in 2 parts", "5 ranks")] string how)
    {
        int size = how[0] - '0', accumulate = how.EndsWith("parts", StringComparison.Ordinal) ? 2 : 1;
        using Device device = test.Make();
        using TestNetwork whole = Make(device, new() { Images = Images / accumulate, Accumulate = accumulate });
        double[] losses = [.. Enumerable.Range(0, Steps).Select(step => whole.Plan.Train(whole.Batch, Rate, 1, (ulong)step).LossSum)];

        (double[] Losses, float[][] Weights)[] ranked = ThreadRanks.Run(size, ranks =>
        {
            using Device own = test.Make();
            using TestNetwork network = Make(own, Sharded(ranks, accumulate), whole.Batch);
            double[] sums = [.. Enumerable.Range(0, Steps).Select(step => network.Plan.Train(network.Batch, Rate, 1, (ulong)step).LossSum)];
            ranks.Sum(sums);
            return (sums, All(network));
        });
        float[][] expected = All(whole);
        foreach ((double[] sums, float[][] weights) in ranked)
        {
            for (int step = 0; step < Steps; step++) Assert.That(sums[step], Is.EqualTo(losses[step]).Within(1e-5 * losses[step]));
            for (int i = 0; i < expected.Length; i++)
            {
                Closeness.Check($"weights {i}", weights[i], Numbers.ToDouble(expected[i]), 1e-5 * expected[i].Max(Math.Abs));
                Closeness.CheckSameBits($"weights {i} on all ranks", weights[i], ranked[0].Weights[i]);
            }
        }
    }

    [Test]
    public void TheSizeOfPiecesDoesNotChangeTheBits()
    {
        float[][] Trained(long bytes) => ThreadRanks.Run(3, ranks =>
        {
            using var device = new CpuDevice(1);
            using TestNetwork network = Make(device, Sharded(ranks, 1) with { BucketBytes = bytes });
            for (int step = 0; step < Steps; step++) network.Plan.Train(network.Batch, Rate, 1, (ulong)step);
            return All(network);
        })[1];
        Assert.That(Trained(1), Is.EqualTo(Trained(long.MaxValue)));
    }

    [Test]
    public void GradientsAreSummedWithoutAnUpdateToo()
    {
        using var device = new CpuDevice(1);
        using TestNetwork whole = Make(device, new() { Images = Images });
        whole.Plan.ComputeGradients(whole.Batch);
        ThreadRanks.Run(2, ranks =>
        {
            using var own = new CpuDevice(1);
            using TestNetwork network = Make(own, Sharded(ranks, 1), whole.Batch);
            network.Plan.ComputeGradients(network.Batch);
            foreach (Parameter parameter in whole.Network.Parameters)
            {
                double[] gradient = Numbers.ToDouble(whole.Gradient(parameter.Path));
                Closeness.Check(parameter.Path, network.Gradient(parameter.Path), gradient, 1e-5 * gradient.Max(Math.Abs));
            }
        });
    }

    [Test]
    public void JudgingExchangesNothing() => ThreadRanks.Run(2, ranks =>
    {
        using var device = new CpuDevice(1);
        using TestNetwork network = Make(device, Sharded(ranks, 1));
        // A rank by itself would wait for the other.
        if (ranks.IsFirst) Assert.That(network.Plan.Evaluate(network.Batch).Images, Is.EqualTo(Images / 2));
    });

    [Test]
    public void AStepAllocatesNothing()
    {
        long[] bytes = ThreadRanks.Run(2, ranks =>
        {
            using var device = new CpuDevice(1);
            using TestNetwork network = Make(device, Sharded(new Counted(ranks), 1));
            for (int step = 0; step < 3; step++) network.Plan.Train(network.Batch, Rate, 0, (ulong)step);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int step = 3; step < 13; step++) network.Plan.Train(network.Batch, Rate, 0, (ulong)step);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.That(bytes, Is.All.Zero);
    }

    /// <summary>Of every architecture the pieces are all trained gradients once, and the first ones are complete early.</summary>
    [TestCase("lenet5")]
    [TestCase("resnet18")]
    [TestCase("googlenet")]
    [TestCase("vgg11")]
    public void PiecesAreAllGradientsOnce(string name)
    {
        using var device = new CpuDevice(1);
        Network network = Architecture.Find(name).Build();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var plan = new Plan(parameters, Sharded(new Counted(Communicator.Alone), 1) with { Images = 2, AllImages = 4 });
        IReadOnlyList<GradientBucket> buckets = plan.Buckets;
        long trained = network.Learned.Sum(parameter => (long)parameter.Spec.Count);
        Assert.That(buckets.Sum(bucket => (long)bucket.Count), Is.InRange(trained, 1.2 * trained + 100_000));
        long end = 0;
        foreach (GradientBucket bucket in buckets.OrderBy(bucket => bucket.First))
        {
            Assert.That(bucket.First, Is.EqualTo(end));
            end += bucket.Count;
        }
        Assert.That(buckets.Select(bucket => bucket.ReadyAt), Is.Ordered.And.All.InRange(plan.Passes.Backward + 1, plan.Passes.Update));
        int quarter = (plan.Passes.Update - plan.Passes.Backward) / 4;
        if (buckets.Count > 2) Assert.That(buckets[0].ReadyAt, Is.LessThan(plan.Passes.Backward + quarter));
    }

    private static PlanOptions Sharded(Communicator ranks, int accumulate)
    {
        (int first, int count) = new Shard(ranks.Rank, ranks.Size).Of(Images / accumulate);
        return new()
        {
            Images = count,
            AllImages = Images / accumulate,
            FirstImage = first,
            Accumulate = accumulate,
            Ranks = ranks,
            BucketBytes = 2000,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Optimizer = new Sgd(0.9f, 0.01f),
        };
    }

    /// <param name="all">Images of all ranks; null leaves those that the network comes with.</param>
    private static TestNetwork Make(Device device, PlanOptions options, Batch? all = null)
    {
        options = options with { Training = true, Loss = new SoftmaxCrossEntropy(), Optimizer = new Sgd(0.9f, 0.01f) };
        var network = new TestNetwork(device, TestNetwork.SmallNet(), Input, options);
        network.Parameters.Initialize(1);
        for (int part = 0; all is not null && part < options.Accumulate; part++)
        {
            for (int i = 0; i < options.Images; i++)
            {
                int from = part * options.AllImages!.Value + options.FirstImage + i, to = part * options.Images + i;
                all.Image(from).CopyTo(network.Batch.Image(to));
                network.Batch.Labels[to] = all.Labels[from];
            }
        }
        return network;
    }

    private static float[][] All(TestNetwork network) =>
        [.. network.Network.Parameters.Select(parameter => network.Weights(parameter.Path))];

    /// <summary>Two ranks whose sums are of one: each stays by itself.</summary>
    private sealed class Counted(Communicator ranks) : Communicator
    {
        public override int Rank => ranks.Rank;

        public override int Size => 2;

        public override int LocalRank => 0;

        public override int LocalSize => 1;

        public override string Description => "";

        public override void Broadcast(Span<byte> values, int root = 0) { }

        public override void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => own.CopyTo(all);

        public override RankSum CreateSum(int count) => new NoSum();

        public override void Abort(string message) { }

        private sealed class NoSum : RankSum
        {
            public override bool IsDone => true;

            public override unsafe void Begin(float* values, Func<bool>? isReady = null) { }

            public override void Wait() { }
        }
    }
}
