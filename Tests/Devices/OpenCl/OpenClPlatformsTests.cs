using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

public sealed class OpenClPlatformsTests
{
    [Test]
    public void WithoutALoaderTheMessageSaysWhatToInstall()
    {
        DeviceUnavailableException failure =
            Assert.Throws<DeviceUnavailableException>(() => _ = new OpenClApi("libNoSuchOpenCL.so.1", "NoSuchOpenCL.dll"))!;
        Assert.That(
            failure.Message,
            Does.Contain("libNoSuchOpenCL.so.1, NoSuchOpenCL.dll").And.Contain("device cpu").And.Not.Contain("\n"));
        Assert.That(failure, Is.InstanceOf<GpuCnnException>());
    }

    [Test]
    public void LibraryThatIsNoOpenClIsRefusedByItsMissingFunction()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("Needs a library that each machine has; here libc is known on Linux only.");
        Assert.That(() => new OpenClApi("libc.so.6"),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("'libc.so.6' has no clGetPlatformIDs"));
    }

    [Test]
    public void DevicesAreDescribed()
    {
        _ = OpenClTestDevice.Require();
        IReadOnlyList<OpenClDeviceInfo> devices = OpenClPlatforms.List();
        foreach (OpenClDeviceInfo device in devices)
        {
            Assert.Multiple(() =>
            {
                Assert.That(device.Name, Is.Not.Empty);
                Assert.That(device.Platform, Is.Not.Empty);
                Assert.That(device.Vendor, Is.Not.Empty);
                Assert.That(device.DriverVersion, Is.Not.Empty);
                Assert.That(device.Version, Does.StartWith("OpenCL "));
                Assert.That(device.GlobalMemoryBytes, Is.GreaterThan(1 << 26));
                Assert.That(device.MaxAllocationBytes, Is.InRange(1 << 24, device.GlobalMemoryBytes));
                Assert.That(device.ComputeUnits, Is.Positive);
                Assert.That(device.BaseAlignmentBytes, Is.InRange(1, 1 << 16));
                Assert.That(device.MaxGroup.X, Is.InRange(1, device.MaxGroupSize));
                Assert.That(device.Extensions, Is.Not.Empty);
                Assert.That(device.ToString(), Does.Not.Contain("\n"));
            });
        }
    }

    [Test]
    public void OrderIsStable()
    {
        _ = OpenClTestDevice.Require();
        nint[] first = [.. OpenClPlatforms.List().Select(device => device.Handle)];
        Assert.That(OpenClPlatforms.List().Select(device => device.Handle), Is.EqualTo(first));
    }

    [TestCase(-1)]
    [TestCase(1000)]
    public void AnIndexOutOfRangeListsTheDevices(int index)
    {
        OpenClDeviceInfo first = OpenClTestDevice.Require();
        Assert.That(() => OpenClPlatforms.Find(index), Throws.TypeOf<DeviceUnavailableException>()
            .With.Message.Contains($"'opencl-c:{index}'").And.Message.Contains($"opencl-c:0 is {first.Name}"));
    }

    [Test]
    public void UsableDevicesComeFirstAndGpusBeforeOthers()
    {
        OpenClDeviceInfo cpu = OpenClTestDevice.Require() with { Type = OpenClDeviceType.Cpu, Name = "cpu" };
        OpenClDeviceInfo gpu = cpu with { Type = OpenClDeviceType.Gpu, Name = "gpu" };
        OpenClDeviceInfo old = gpu with { Name = "old", Version = "OpenCL 1.1 old" };
        OpenClDeviceInfo other = gpu with { Name = "another gpu" };
        Assert.That(OpenClPlatforms.InOrder([old, cpu, gpu, other]), Is.EqualTo([other, gpu, cpu, old]));
    }

    [Test]
    public void MissingCapabilityIsNamed()
    {
        OpenClDeviceInfo device = OpenClTestDevice.Require();
        (OpenClDeviceInfo Device, string Reason)[] cases =
        [
            (device with { IsAvailable = false }, "not available"),
            (device with { Version = "OpenCL 1.1 vendor" }, "it has OpenCL 1.1; 1.2 or later is needed"),
            (device with { Version = "odd" }, "its version is 'odd'"),
            (device with { HasCompiler = false }, "no compiler"),
            (device with { IsFullProfile = false }, "embedded profile"),
            (device with { IsLittleEndian = false }, "big-endian"),
            (device with { LocalMemoryBytes = 1024 }, "1024 bytes of local memory; 32768 are needed"),
            (device with { MaxGroupSize = 64 }, "at most 64 threads; 256 are needed"),
        ];
        Assert.That(device.Reason, Is.Null);
        foreach ((OpenClDeviceInfo lacking, string reason) in cases)
        {
            Assert.Multiple(() =>
            {
                Assert.That(lacking.Reason, Does.Contain(reason));
                Assert.That(() => OpenClPlatforms.Choose([device, lacking], 1), Throws.TypeOf<DeviceUnavailableException>()
                    .With.Message.Contains("'opencl-c:1'").And.Message.Contains(reason));
            });
        }
    }

    [TestCase("OpenCL 1.2 ")]
    [TestCase("OpenCL 2.0 AMD-APP (3570.0)")]
    [TestCase("OpenCL 3.0 CUDA")]
    public void LaterVersionsAreUsable(string version) =>
        Assert.That((OpenClTestDevice.Require() with { Version = version }).IsUsable, Is.True);
}
