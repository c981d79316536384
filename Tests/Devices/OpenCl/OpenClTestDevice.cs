using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

/// <summary>Finds the machine's first OpenCL device. Without one a test is ignored, or fails if GPUCNN_REQUIRE names opencl.</summary>
internal static class OpenClTestDevice
{
    /// <summary>How a machine without a GPU can run the tests that need an OpenCL device.</summary>
    public const string Advice =
        "PoCL makes the processor one (Debian: apt-get install pocl-opencl-icd), and adds the tests of OpenCL C and of all layers, plans "
        + "and networks on OpenCL.";

    public static OpenClDeviceInfo Require()
    {
        try
        {
            return OpenClPlatforms.Find(0);
        }
        catch (DeviceUnavailableException exception)
        {
            if (Requirement.Of("opencl")) Assert.Fail($"GPUCNN_REQUIRE asks for OpenCL, but: {exception.Message}");
            Assert.Ignore($"{exception.Message} {Advice}");
            throw;
        }
    }
}
