namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>What kernels of a device are compiled with, and to.</summary>
/// <param name="Architecture">The compute capability compiled for, as 90 for 9.0.</param>
/// <param name="IsPtx">
/// Whether to the intermediate form, which the driver compiles further: for devices that are newer than the compiler.
/// </param>
internal sealed record NvrtcTarget(NvrtcApi Api, int Architecture, bool IsPtx)
{
    public string Option => $"--gpu-architecture={(IsPtx ? "compute" : "sm")}_{Architecture}";

    /// <summary>Null where this library does not serve the device, for <paramref name="reason"/>.</summary>
    /// <param name="driver">The driver's version, as 12040 for 12.4.</param>
    /// <param name="device">The device's compute capability, as 90 for 9.0.</param>
    public static NvrtcTarget? Of(NvrtcApi api, int driver, int device, out string reason)
    {
        reason = "";
        // Machine code runs on drivers of the same major version, the intermediate form only on drivers that are as new as its compiler.
        if (api.Version / 1000 > driver / 1000)
        {
            reason = $"{api} is newer than the driver, which has CUDA {CudaDeviceInfo.VersionText(driver)}";
            return null;
        }
        if (api.Architectures.Contains(device)) return new(api, device, IsPtx: false);
        int highest = api.Architectures.LastOrDefault(architecture => architecture < device);
        if (highest == 0)
        {
            reason = $"{api} does not compile for compute capability {CudaDeviceInfo.CapabilityText(device)}" +
                (api.Architectures.Count > 0 ? $", but from {CudaDeviceInfo.CapabilityText(api.Architectures[0])} on" : "");
            return null;
        }
        if (api.Version > driver)
        {
            reason = $"{api} knows compute capabilities up to {CudaDeviceInfo.CapabilityText(highest)} only, and is newer than the driver";
            return null;
        }
        return new(api, highest, IsPtx: true);
    }
}
