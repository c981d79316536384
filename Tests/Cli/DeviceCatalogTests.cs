using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

public sealed class DeviceCatalogTests
{
    [Test]
    public void OpensTheCpuByName([Values("cpu", "CPU")] string name)
    {
        using Device device = DeviceCatalog.Open(name, new() { Threads = 1 });
        Assert.That(device, Is.InstanceOf<CpuDevice>());
        Assert.That(((CpuDevice)device).Threads, Is.EqualTo(1));
    }

    [Test]
    public void AutoOpensTheFirstThatCanBeUsed()
    {
        using Device device = DeviceCatalog.Open("auto");
        Assert.That(device.Name, Is.EqualTo(DeviceCatalog.List().First(listing => listing is { IsUsable: true, IsAutomatic: true }).Name));
    }

    [TestCase("tpu", "'tpu'", "auto, ", "cpu")]
    [TestCase("", "''", "cpu")]
    [TestCase("cpu:1", "'cpu:1'", "takes no index")]
    [TestCase("cpu:", "takes no index")]
    public void OtherNamesAreOneLine(string name, params string[] parts)
    {
        OneLine.Thrown(() => DeviceCatalog.Check(name), parts);
        OneLine.Thrown(() => DeviceCatalog.Open(name), parts);
    }

    [Test]
    public void ThreadsOutOfRangeAreOneLine() => OneLine.Thrown(() => DeviceCatalog.Open("cpu", new() { Threads = 0 }),
        "1 to 1024 threads", "got 0");

    [Test]
    public void ListingsNameDevicesThatCanBeAskedFor()
    {
        foreach (DeviceListing listing in DeviceCatalog.List()) Assert.DoesNotThrow(() => DeviceCatalog.Check(listing.Name));
    }

    [TestCase("alexnt", "alexnet")]
    [TestCase("vgg", "vgg16")]
    [TestCase("Resnet", "resnet18")]
    public void NearNamesAreFound(string name, string near) => Assert.That(NearNames.Of(name, ["alexnet", "vgg16", "resnet18", "mlp"]),
        Is.EqualTo(new[] { near }));

    [Test]
    public void FarNamesAreNot() => Assert.That(NearNames.Of("inception", ["alexnet", "vgg16", "mlp"]), Is.Empty);
}
