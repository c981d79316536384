using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Distributed;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Runs a whole network with the emitted CUDA C on this processor: every layer, the optimizer, and steps as graphs.</summary>
public sealed class CudaDeviceTests
{
    private const int Steps = 4;

    [Test]
    public void NetworkTrainsAsInCSharp()
    {
        var cuda = new CudaDevice("cuda:0", HostCuda.Device, new BinaryCache(null));
        (float[] losses, float[] weights) = Train(cuda);
        IReadOnlyList<string> live = cuda.LiveObjects;
        long bytes = cuda.AllocatedBytes;
        cuda.Dispose();
        using var debug = new DebugDevice();
        (float[] expectedLosses, float[] expectedWeights) = Train(debug);
        Assert.Multiple(() =>
        {
            Assert.That(losses, Is.EqualTo(expectedLosses).Within(1e-4f));
            Assert.That(weights, Is.EqualTo(expectedWeights).Within(1e-4f));
            Assert.That(losses[^1], Is.Not.EqualTo(losses[0]).Within(1e-4f), "training does something");
            Assert.That(HostCuda.Problems, Is.Empty);
            Assert.That(live, Is.Empty, "not disposed of");
            Assert.That(bytes, Is.Zero);
        });
    }

    /// <summary>The launches of a step are recorded once and then started as one.</summary>
    [Test]
    public void StepTakesFewDriverCalls()
    {
        using var cuda = new CudaDevice("cuda:0", HostCuda.Device, new BinaryCache(null));
        int launches = 0, graphs = 0;
        _ = Train(cuda, step =>
        {
            if (step == 1) (launches, graphs) = (HostCuda.Calls("cuLaunchKernel"), HostCuda.Calls("cuGraphLaunch"));
        });
        Assert.That(HostCuda.Calls("cuGraphLaunch") - graphs, Is.InRange(Steps - 1, 2 * (Steps - 1)));
        Assert.That(HostCuda.Calls("cuLaunchKernel") - launches, Is.Zero);
    }

    [Test]
    public void StepAllocatesNothing()
    {
        using var cuda = new CudaDevice("cuda:0", HostCuda.Device, new BinaryCache(null));
        long before = 0, bytes = 0;
        _ = Train(cuda, step =>
        {
            if (step == 1) before = GC.GetAllocatedBytesForCurrentThread();
            if (step == Steps - 1) bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.That(bytes, Is.Zero, "bytes of all steps but the first and the last");
    }

    /// <summary>Gradients go to the host and back beside the kernels, on another stream that waits for them.</summary>
    [Test]
    public void RanksSumGradientsAsInCSharp()
    {
        int waits = HostCuda.Calls("cuStreamWaitEvent");
        (float[] Losses, float[] Weights, int Live)[] ranked = ThreadRanks.Run(2, ranks =>
        {
            var cuda = new CudaDevice("cuda:0", HostCuda.Device, new BinaryCache(null));
            (float[] losses, float[] weights) = Train(cuda, null, ranks);
            int live = cuda.LiveObjects.Count;
            cuda.Dispose();
            return (losses, weights, live);
        });
        (float[] Losses, float[] Weights)[] expected = ThreadRanks.Run(2, ranks =>
        {
            using var debug = new DebugDevice();
            return Train(debug, null, ranks);
        });
        Assert.Multiple(() =>
        {
            for (int rank = 0; rank < 2; rank++)
            {
                Assert.That(ranked[rank].Losses, Is.EqualTo(expected[rank].Losses).Within(1e-4f));
                Assert.That(ranked[rank].Weights, Is.EqualTo(expected[rank].Weights).Within(1e-4f));
                Assert.That(ranked[rank].Live, Is.Zero, "not disposed of");
            }
            Assert.That(ranked[1].Weights, Is.EqualTo(ranked[0].Weights), "both ranks have the same bits");
            Assert.That(HostCuda.Calls("cuStreamWaitEvent") - waits, Is.GreaterThanOrEqualTo(2 * 2 * Steps), "pieces of two ranks");
            Assert.That(HostCuda.Problems, Is.Empty);
        });
    }

    /// <summary>Norms exchange between graphs, whose results come to the host and back.</summary>
    [Test]
    public void NormsOverRanksTrainAsInCSharp()
    {
        (float[] Losses, float[] Weights)[] ranked = ThreadRanks.Run(2, ranks =>
        {
            using var cuda = new CudaDevice("cuda:0", HostCuda.Device, new BinaryCache(null));
            return Train(cuda, null, ranks, NormNet());
        });
        (float[] Losses, float[] Weights)[] expected = ThreadRanks.Run(2, ranks =>
        {
            using var debug = new DebugDevice();
            return Train(debug, null, ranks, NormNet());
        });
        Assert.Multiple(() =>
        {
            for (int rank = 0; rank < 2; rank++)
            {
                Assert.That(ranked[rank].Losses, Is.EqualTo(expected[rank].Losses).Within(1e-4f));
                Assert.That(ranked[rank].Weights, Is.EqualTo(expected[rank].Weights).Within(1e-4f));
            }
            Assert.That(ranked[1].Weights, Is.EqualTo(ranked[0].Weights), "both ranks have the same bits, of running statistics too");
            Assert.That(ranked[1].Losses, Is.Not.EqualTo(ranked[0].Losses), "the ranks have other images");
            Assert.That(HostCuda.Problems, Is.Empty);
        });
    }

    [Test]
    public void DeviceDescribesItself()
    {
        using var cuda = new CudaDevice("cuda:3", HostCuda.Device, new BinaryCache(null));
        Assert.That((cuda.Name, cuda.Description), Is.EqualTo(("cuda:3", "Fake GPU 0, compute capability 9.0, CUDA 12.4")));
        Assert.That(cuda.MemoryBytes, Is.EqualTo(4L << 30));
    }

    private static Sequential NormNet() => new()
    {
        { "conv1", new Conv2d(8, 3, bias: false) }, { "norm1", new BatchNorm2d() }, new ReLU(), new MaxPool2d(2, 2),
        { "block", new Residual(new Sequential { { "conv", new Conv2d(8, 1, bias: false) }, { "norm", new BatchNorm2d() } }) },
        new ReLU(), new Flatten(), { "fc", new Linear(10) },
    };

    /// <param name="norms">Layers with norms over all ranks; null for others.</param>
    private static (float[] Losses, float[] Weights) Train(
        Device device, Action<int>? before = null, Communicator? ranks = null, Layer? norms = null)
    {
        using var network = new TestNetwork(device, norms ?? TestNetwork.SmallNet(), Shape.Volume(3, 18, 18),
            new PlanOptions
            {
                Images = 6,
                Loss = new SoftmaxCrossEntropy(),
                Training = true,
                Optimizer = new Sgd(weightDecay: 1e-4f, nesterov: true),
                Ranks = ranks ?? Communicator.Alone,
                AllImages = norms is null ? null : 6 * ranks!.Size,
                SyncsNorms = norms is not null,
                BucketBytes = 4000,
            });
        network.Parameters.Initialize(1);
        if (norms is not null) network.Batch.SetChannelsFirst(Numbers.Reals(network.Batch.Images.Length, ranks!.Rank));
        var losses = new float[Steps];
        for (int step = 0; step < Steps; step++)
        {
            before?.Invoke(step);
            losses[step] = (float)network.Plan.Train(network.Batch, 0.05f, 1, (ulong)step).Loss;
        }
        return (losses, [.. network.Parameters.ExportWeights().SelectMany(weights => weights.Value.Values)]);
    }
}
