using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>The machine's first OpenCL device by ILGPU, PoCL among them: the tests set the switch that has ILGPU take a device without a
/// generic address space.</summary>
internal static class IlgpuTestDevice
{
    static IlgpuTestDevice() => Environment.SetEnvironmentVariable(IlgpuOpenCl.AnyDevice, "1");

    /// <summary>The device, or null where there is none.</summary>
    public static OpenClDeviceInfo? Find()
    {
        try
        {
            return OpenClPlatforms.List().FirstOrDefault(device => IlgpuOpenCl.Refusal(device) == null);
        }
        catch (DeviceUnavailableException)
        {
            return null;
        }
    }

    /// <summary>The device; without one the test is ignored, or fails where GPUCNN_REQUIRE asks for OpenCL.</summary>
    public static OpenClDeviceInfo Require()
    {
        if (Find() is { } device) return device;
        if (Requirement.Of("opencl")) Assert.Fail("GPUCNN_REQUIRE asks for OpenCL, but there is no device that ILGPU takes");
        OpenClTestDevice.Require();
        Assert.Ignore("ILGPU takes none of the OpenCL devices.");
        throw new InvalidOperationException("unreachable");
    }
}
