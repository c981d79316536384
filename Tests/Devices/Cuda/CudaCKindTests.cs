using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

public sealed class CudaCKindTests
{
    [Test]
    public void ThisMachineListsItsDevicesOrSaysWhy()
    {
        IReadOnlyList<DeviceListing> listings = new CudaCKind().List();
        Assert.That(listings, Is.Not.Empty);
        Assert.That(listings.Select(listing => listing.Name), Is.All.StartsWith("cuda-c"));
        Assert.That(listings.Where(listing => !listing.IsUsable).Select(listing => listing.Reason), Is.All.Not.Contains("\n"));
        if (listings[0].Name == "cuda-c") Assert.That((listings[0].IsUsable, listings[0].IsAutomatic), Is.EqualTo((false, false)));
    }

    [Test]
    public void NumberOfThreadsIsRefused() =>
        Assert.That(() => new CudaCKind().Open(0, new() { Threads = 2 }),
        Throws.TypeOf<GpuCnnException>().With.Message.Contains("takes no number of threads"));

    [Test]
    public void DevicesAreListedInTheDriversOrder()
    {
        var fake = new FakeCuda();
        fake.Set("devices", 2);
        DeviceListing[] listings = [.. CudaCKind.Listings(CudaDevices.List(fake.Api, fake.Compilers), NoOthers)];
        Assert.That(listings.Select(listing => (listing.Name, listing.Description, listing.Reason, listing.IsAutomatic)), Is.EqualTo(new[]
        {
            ("cuda-c:0", "Fake GPU 0, compute capability 9.0, CUDA 12.4", (string?)null, true),
                ("cuda-c:1", "Fake GPU 1, compute capability 9.0, CUDA 12.4", null, true),
        }));
        using Device device = CudaCKind.Open(CudaDevices.List(fake.Api, fake.Compilers), NoOthers, 1);
        Assert.That((device.Name, device.GetType()), Is.EqualTo(("cuda-c:1", typeof(CudaDevice))));
    }

    [Test]
    public void WithoutNvrtcTheGpuRunsThroughOpenClAndSaysSo()
    {
        OpenClDeviceInfo own = OpenClTestDevice.Require();
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(new FakeCuda().Api, FakeCuda.With("libnosuchnvrtc.so"));
        OpenClDeviceInfo twin = own with { Platform = "NVIDIA CUDA", Name = "Fake GPU 0" };
        DeviceListing listing = CudaCKind.Listings(devices, () => [own, twin]).Single();
        Assert.Multiple(() =>
        {
            Assert.That(listing.IsUsable, Is.True);
            Assert.That(
                listing.Description,
                Does.StartWith("Fake GPU 0, through OpenCL").And.Contain("NVRTC").And.Contain("pip install").And.Not.Contain("\n"));
        });
        using Device device = CudaCKind.Open(devices, () => [own, twin], 0);
        Assert.That((device.Name, device.Description, device.GetType()),
            Is.EqualTo(("cuda-c:0", listing.Description, typeof(OpenClDevice))));
    }

    [Test]
    public void OnlyTheSameGpuIsSubstituted()
    {
        OpenClDeviceInfo own = OpenClTestDevice.Require();
        var fake = new FakeCuda();
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(fake.Api, FakeCuda.With("libnosuchnvrtc.so"));
        OpenClDeviceInfo twin = own with { Platform = "NVIDIA CUDA", Name = "Fake GPU 0" }, second = twin with { DriverVersion = "second" };
        OpenClDeviceInfo? Substitute(int index, params OpenClDeviceInfo[] others) =>
            CudaCKind.Substitute([devices[0], devices[0]], () => others, index);
        Assert.Multiple(() =>
        {
            Assert.That(Substitute(0, own), Is.Null);
            Assert.That(Substitute(0, twin with { Platform = "Another" }), Is.Null);
            Assert.That(Substitute(0, twin with { IsAvailable = false }), Is.Null);
            Assert.That(Substitute(0, twin, second), Is.EqualTo(twin));
            Assert.That(Substitute(1, twin, second), Is.EqualTo(second));
            Assert.That(Substitute(1, twin), Is.Null);
            Assert.That(Substitute(2, twin), Is.Null);
            Assert.That(CudaCKind.Substitute([devices[0] with { ComputeCapability = 30 }], () => [twin], 0), Is.Null,
                "more than NVRTC is missing");
            Assert.That(CudaCKind.Substitute(CudaDevices.List(fake.Api, fake.Compilers), () => [twin], 0), Is.Null, "nothing is missing");
            Assert.That(CudaCKind.Listings(devices, NoOthers).Single().Reason, Does.Contain("NVRTC"));
            Assert.That(() => CudaCKind.Open(devices, NoOthers, 0),
                Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("NVRTC"));
            Assert.That(() => CudaCKind.Open(devices, NoOthers, 7),
                Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("'cuda-c:7'"));
        });
    }

    private static IReadOnlyList<OpenClDeviceInfo> NoOthers() => [];
}
