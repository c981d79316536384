using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

public sealed class CudaDevicesTests
{
    [Test]
    public void WithoutADriverTheMessageSaysWhatToInstall()
    {
        DeviceUnavailableException failure =
            Assert.Throws<DeviceUnavailableException>(() => _ = new CudaApi("libNoSuchCuda.so.1", "nosuchcuda.dll"))!;
        Assert.That(
            failure.Message,
            Does.StartWith("This machine has no NVIDIA driver: none of libNoSuchCuda.so.1, nosuchcuda.dll could be loaded.")
                .And.Contain("device cpu").And.Not.Contain("\n"));
        Assert.That(failure, Is.InstanceOf<GpuCnnException>());
    }

    /// <summary>Checks the real machine: it lists devices, or says why there are none.</summary>
    [Test]
    public void ThisMachineListsItsDevicesOrSaysWhy()
    {
        try
        {
            Assert.That(CudaDevices.List(), Is.Not.Empty);
        }
        catch (DeviceUnavailableException exception)
        {
            Assert.That(exception.Message, Does.Contain("NVIDIA driver").And.Contain("device cpu").And.Not.Contain("\n"));
        }
    }

    [Test]
    public void LibraryThatIsNoDriverIsRefusedByItsMissingFunction()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("Needs a library that each machine has; here libc is known on Linux only.");
        Assert.That(() => new CudaApi("libc.so.6"),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("has no cuInit; CUDA 11.0 or later is needed"));
    }

    [Test]
    public void DevicesAreDescribedInTheDriversOrder()
    {
        var fake = new FakeCuda();
        fake.Set("devices", 3);
        fake.Set("memory", 5L << 30);
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List(fake.Api, fake.Compilers);
        Assert.Multiple(() =>
        {
            Assert.That(devices.Select(device => device.Name), Is.EqualTo(["Fake GPU 0", "Fake GPU 1", "Fake GPU 2"]));
            Assert.That(devices.Select(device => device.Handle), Is.EqualTo([0, 1, 2]));
            Assert.That(devices[1].Description, Is.EqualTo("Fake GPU 1, compute capability 9.0, CUDA 12.4"));
            Assert.That(devices[1].ToString(), Is.EqualTo("Fake GPU 1, compute capability 9.0, CUDA 12.4, 5120 MiB"));
            Assert.That(devices[1].MemoryBytes, Is.EqualTo(5L << 30));
            Assert.That(devices[1].Multiprocessors, Is.EqualTo(132));
            Assert.That(devices[1].MaxGroupSize, Is.EqualTo(1024));
            Assert.That(devices[1].Reason, Is.Null);
            Assert.That(CudaDevices.Find(2, fake.Api, fake.Compilers).Name, Is.EqualTo("Fake GPU 2"));
        });
    }

    [TestCase("driver", 10020, "its driver has CUDA 10.2; CUDA 11.0 or later is needed")]
    [TestCase("capability", 37, "it has compute capability 3.7; 5.0 or later is needed")]
    [TestCase("mode", 2, "its compute mode is 'prohibited'")]
    public void MissingCapabilityIsNamed(string setting, int value, string reason)
    {
        var fake = new FakeCuda();
        fake.Set(setting, value);
        CudaDeviceInfo device = CudaDevices.List(fake.Api, fake.Compilers).Single();
        Assert.That(device.Reason, Does.StartWith(reason));
        Assert.That(device.LacksCompilerOnly, Is.False);
        Assert.That(() => fake.Device(),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.StartsWith("The device 'cuda-c:0' (Fake GPU 0")
            .And.Message.Contains(reason));
    }

    /// <summary>An exclusive device serves one program at a time, which may be this one.</summary>
    [Test]
    public void AnExclusiveDeviceIsUsable()
    {
        var fake = new FakeCuda();
        fake.Set("mode", 3);
        Assert.That(fake.Device().ComputeMode, Is.EqualTo(CudaComputeMode.Exclusive));
    }

    [Test]
    public void MissingNvrtcSaysWhereItWasSearchedAndWhatToInstall()
    {
        var fake = new FakeCuda();
        CudaDeviceInfo device = CudaDevices.List(fake.Api, FakeCuda.With("libnosuchnvrtc.so.12")).Single();
        Assert.That(
            device.Reason,
            Does.Contain("libnosuchnvrtc.so.12 on the loader's path").And.Contain("CUDA_PATH").And.Contain("/usr/local/cuda*")
                .And.Contain("install the CUDA 12 toolkit, or pip install nvidia-cuda-nvrtc-cu12").And.Not.Contain("\n"));
        Assert.That(device.LacksCompilerOnly, Is.True);
        Assert.That(
            () => new CudaContext(device), Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("nvidia-cuda-nvrtc-cu12"));
        Assert.That(fake.Retained(0), Is.Zero);
    }

    [TestCase(100, "finds no GPU")]
    [TestCase(34, "toolkit's stub")]
    [TestCase(35, "too old")]
    [TestCase(802, "not ready yet")]
    [TestCase(803, "updated while in use")]
    [TestCase(999, "cuInit gave error 999")]
    public void ADriverThatDoesNotStartSaysWhy(int code, string expected)
    {
        var fake = new FakeCuda();
        fake.Fail("cuInit", code);
        Assert.That(
            () => CudaDevices.List(fake.Api, fake.Compilers),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains(expected));
    }

    [Test]
    public void ADriverWithoutADeviceSaysSo()
    {
        var fake = new FakeCuda();
        fake.Set("devices", 0);
        Assert.That(
            () => CudaDevices.Find(0, fake.Api, fake.Compilers),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("finds no GPU"));
    }

    [TestCase("cuDeviceGetCount")]
    [TestCase("cuDriverGetVersion")]
    [TestCase("cuDeviceGetName")]
    [TestCase("cuDeviceTotalMem_v2")]
    [TestCase("cuDeviceGetAttribute")]
    public void FailedQueryIsNamed(string call)
    {
        var fake = new FakeCuda();
        fake.Fail(call, 304);
        Assert.That(
            () => CudaDevices.List(fake.Api, fake.Compilers),
            Throws.TypeOf<DeviceCallException>().With.Message.StartsWith($"{call} failed: error 304"));
    }

    [TestCase(-1)]
    [TestCase(1)]
    public void AnIndexOutOfRangeListsTheDevices(int index)
    {
        var fake = new FakeCuda();
        Assert.That(() => CudaDevices.Find(index, fake.Api, fake.Compilers), Throws.TypeOf<DeviceUnavailableException>()
            .With.Message.Contains($"'cuda-c:{index}'").And.Message.Contains("cuda-c:0 is Fake GPU 0"));
    }
}
