using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Tests.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>
/// Finds the machine's first OpenCL device for ILGPU, including PoCL: the tests allow devices without a generic address space.
/// </summary>
internal static class IlgpuTestDevice
{
    static IlgpuTestDevice() => Environment.SetEnvironmentVariable(IlgpuOpenCl.AnyDevice, "1");

    /// <summary>Returns the device, or null if there is none.</summary>
    public static OpenClDeviceInfo? Find()
    {
        try
        {
            return OpenClPlatforms.List().FirstOrDefault(device => IlgpuOpenCl.Refusal(device) is null);
        }
        catch (DeviceUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Returns the device. Without one the test is ignored, or fails if GPUCNN_REQUIRE names opencl.</summary>
    public static OpenClDeviceInfo Require()
    {
        if (Find() is { } device) return device;
        if (Requirement.Of("opencl")) Assert.Fail("GPUCNN_REQUIRE asks for OpenCL, but ILGPU supports no device");
        OpenClTestDevice.Require();
        Assert.Ignore("ILGPU supports none of the OpenCL devices.");
        throw new InvalidOperationException("unreachable");
    }
}
