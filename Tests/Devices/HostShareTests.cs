using GpuCnn.Engine.Devices;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices;

/// <summary>How ranks of a host divide its cores and devices.</summary>
public sealed class HostShareTests
{
    // Unbound ranks share all cores; bound ones have theirs; overlapping ones share what they overlap in.
    [TestCase("0-15;0-15;0-15;0-15", 16, "4 4 4 4")]
    [TestCase("0-3;4-7;8-11;12-15", 4, "4 4 4 4")]
    [TestCase("0-7;0-7;8-15;8-15", 8, "4 4 4 4")]
    [TestCase("0-5,8,9;0-5,8,9", 8, "4 4")]
    [TestCase("0-2;0-2;0-2", 3, "1 1 1")]
    [TestCase("0-1;0-1;0-1;0-1", 2, "1 1 1 1")]
    // A container with the time of 8 cores on a host of 64.
    [TestCase("0-63;0-63", 8, "4 4")]
    // Where a system does not tell, all divide alike.
    [TestCase(";;", 12, "4 4 4")]
    public void CoresAreDivided(string allowed, int usable, string cores)
    {
        IReadOnlySet<int>[] all = [.. allowed.Split(';').Select(HostShare.ParseCores)];
        Assert.That(string.Join(' ', all.Select(own => HostShare.CoresOf(own, all, usable))), Is.EqualTo(cores));
    }

    [Test]
    public void RanksOfOneHostShareItsCores() => ThreadRanks.Run(3, ranks =>
    {
        var share = HostShare.Of(ranks);
        Assert.That(share, Is.EqualTo(new HostShare(ranks.Rank, 3, Math.Max(1, Environment.ProcessorCount / 3))));
        using Device device = Device.Open("cpu", new() { Share = share });
        Assert.That(device.Description, Does.Contain($"{share.Cores} thread"));
        using Device asked = Device.Open("cpu", new() { Share = share, Threads = 5 });
        Assert.That(asked.Description, Does.Contain("5 threads"));
    });

    [Test]
    public void AProcessByItselfHasAllCores()
    {
        Assert.That(HostShare.Of(Engine.Distributed.Communicator.Alone), Is.SameAs(HostShare.Whole));
        Assert.That(HostShare.Whole.Cores, Is.EqualTo(Environment.ProcessorCount));
    }

    [TestCase(0, "cuda:0")]
    [TestCase(1, "cuda:2")]
    [TestCase(2, "cuda:3")]
    [TestCase(3, "cuda:0")]
    [TestCase(7, "cuda:2")]
    public void EachLocalRankTakesTheNextUsableDevice(int localRank, string name)
    {
        DeviceListing[] devices = [Gpu(0), Gpu(1, "the driver does not know it"), Gpu(2), Gpu(3)];
        Assert.That(DeviceCatalog.Choose(devices, new(localRank, 8, 1)), Is.EqualTo(name));
    }

    [Test]
    public void ALauncherMayShowEachRankOneDevice() =>
        Assert.That(DeviceCatalog.Choose([Gpu(0)], new(3, 4, 1)), Is.EqualTo("cuda:0"));

    [Test]
    public void WithoutAUsableDeviceThereIsNone() => Assert.That(DeviceCatalog.Choose([Gpu(0, "no driver")], new(1, 2, 1)), Is.Null);

    private static DeviceListing Gpu(int index, string? reason = null) => new($"cuda:{index}", "a GPU", 1 << 30, reason, IsAutomatic: true);
}
