using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Finds the machine's first CUDA device. Without one a test is ignored, or fails if GPUCNN_REQUIRE names cuda.</summary>
internal static class CudaTestDevice
{
    public static CudaDeviceInfo Require()
    {
        try
        {
            return CudaDevices.Find(0);
        }
        catch (DeviceUnavailableException exception)
        {
            if (Requirement.Of("cuda")) Assert.Fail($"GPUCNN_REQUIRE asks for CUDA, but: {exception.Message}");
            Assert.Ignore(exception.Message);
            throw;
        }
    }
}
