namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>The compiler and architecture for a device's kernels.</summary>
/// <param name="Architecture">Target compute capability: 90 for 9.0.</param>
/// <param name="IsPtx">Whether the output is PTX, which the driver compiles further. Used for devices newer than the compiler.</param>
internal sealed record NvrtcTarget(NvrtcApi Api, int Architecture, bool IsPtx)
{
    public string Option => $"--gpu-architecture={(IsPtx ? "compute" : "sm")}_{Architecture}";

    /// <summary>Returns a target, or null and the <paramref name="reason"/> if the library does not support the device.</summary>
    /// <param name="driver">The driver's version: 12040 for 12.4.</param>
    /// <param name="device">The device's compute capability: 90 for 9.0.</param>
    public static NvrtcTarget? Of(NvrtcApi api, int driver, int device, out string reason)
    {
        reason = "";
        // Machine code runs on drivers of the same major version, PTX only on drivers at least as new as the compiler.
        if (api.Version / 1000 > driver / 1000)
        {
            reason = $"{api} is newer than the driver, which has CUDA {CudaDeviceInfo.VersionText(driver)}";
            return null;
        }
        if (api.Architectures.Contains(device)) return new(api, device, IsPtx: false);
        int highest = api.Architectures.LastOrDefault(architecture => architecture < device);
        if (highest == 0)
        {
            reason = api.Architectures.Count > 0
                ? $"{api} compiles for compute capability {CudaDeviceInfo.CapabilityText(api.Architectures[0])} or later, "
                  + $"not {CudaDeviceInfo.CapabilityText(device)}"
                : $"{api} does not compile for compute capability {CudaDeviceInfo.CapabilityText(device)}";
            return null;
        }
        if (api.Version > driver)
        {
            reason = $"{api} supports compute capabilities up to {CudaDeviceInfo.CapabilityText(highest)}, and is newer than the driver";
            return null;
        }
        return new(api, highest, IsPtx: true);
    }
}
