using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>Sizes that no index can count, or no memory hold, are refused before memory is taken.</summary>
public sealed class SizeLimitTests
{
    [TestCase(3, 30_000, 30_000)]
    [TestCase(1 << 20, 1 << 20, 1 << 20)]
    [TestCase(int.MaxValue, int.MaxValue, int.MaxValue)]
    [TestCase(1, 65_536, 32_768)]
    public void VolumesBeyondAnIndex(int channels, int height, int width) =>
        Assert.That(OneLine.Thrown(() => Shape.Volume(channels, height, width), $"{channels}x{height}x{width}"),
            Is.TypeOf<SizeException>());

    [Test]
    public void TheLargestVolumeCounts() => Assert.That(Shape.Volume(1, 1, int.MaxValue).Count, Is.EqualTo(int.MaxValue));

    [TestCase(2_000_000_000)]
    [TestCase(int.MaxValue)]
    public void ParametersBeyondAnIndex(int units) =>
        Assert.That(OneLine.Thrown(() => _ = new Network("wide", new Linear(units), Shape.Vector(84)), $"[{units}, 84]"),
            Is.TypeOf<SizeException>());

    [TestCase(100_000_000, "at most")]
    [TestCase(int.MaxValue, "at most")]
    public void BatchesBeyondAnIndex(int images, string part)
    {
        var network = new Network("net", new Sequential { new Conv2d(8, 3), new Flatten(), new Linear(4) }, Shape.Volume(3, 32, 32));
        using var device = new CpuDevice(threads: 1);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        Assert.That(OneLine.Thrown(() => _ = new Plan(parameters, new() { Images = images }), $"{images}", part),
            Is.TypeOf<SizeException>());
    }

    [TestCase(1 << 20)]
    [TestCase(int.MaxValue)]
    public void BatchesBeyondMemory(int images)
    {
        Assert.That(OneLine.Thrown(() => _ = new Batch(Shape.Volume(3, 224, 224), images), $"{images}", "3x224x224"),
            Is.TypeOf<HostMemoryException>());
        Assert.That(OneLine.Thrown(() => HostMemory.Check(HostMemory.FreeBytes / 2, sizeof(float), "An array")),
            Is.TypeOf<HostMemoryException>());
    }

    /// <summary>The largest batch is the one that halving finds.</summary>
    [Test]
    public void TheLargestBatchIsExact([Values(1, 3, 10, 1000)] long mebibytes)
    {
        var network = new Network("net", new Sequential { new Conv2d(8, 3), new ReLU(), new Flatten(), new Linear(4) },
            Shape.Volume(3, 32, 32));
        using var device = new CpuDevice(threads: 1);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        long Bytes(int images)
        {
            using var one = new Plan(parameters, new() { Images = images });
            return one.ArenaBytes;
        }
        using var plan = new Plan(parameters, new() { Images = 2_000_000 });
        int largest = plan.LargestBatch(mebibytes << 20);
        Assert.That(Bytes(largest), Is.LessThanOrEqualTo(mebibytes << 20));
        Assert.That(Bytes(largest + 1), Is.GreaterThan(mebibytes << 20));
    }
}
