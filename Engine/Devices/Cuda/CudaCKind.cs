using GpuCnn.Engine.Devices.OpenCl;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// NVIDIA GPUs with the project's own translation to CUDA C. If only NVRTC is missing, the same GPU runs through NVIDIA's OpenCL instead,
/// and its description says so.
/// </summary>
internal sealed class CudaCKind : DeviceKind
{
    public override string Name => "cuda-c";

    public override int Preference => 20;

    public override bool IsIndexed => true;

    public override IReadOnlyList<DeviceListing> List()
    {
        try
        {
            return Listings(CudaDevices.List(), OpenClDevices);
        }
        catch (GpuCnnException exception)
        {
            return [new(Name, "an NVIDIA GPU", 0, exception.Message, IsAutomatic: false)];
        }
    }

    public override Device Open(int index, DeviceSettings settings)
    {
        if (settings.Threads is not null)
            throw new GpuCnnException($"A cuda-c device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
        return Open(CudaDevices.List(), OpenClDevices, index);
    }

    internal static IReadOnlyList<DeviceListing> Listings(
        IReadOnlyList<CudaDeviceInfo> devices, Func<IReadOnlyList<OpenClDeviceInfo>> others) =>
        [.. devices.Select((device, i) => Substitute(devices, others, i) is { } substitute
            ? new DeviceListing($"cuda-c:{i}", Description(device), substitute.GlobalMemoryBytes, null,
                IsAutomatic: true) { KernelCompiler = OpenClDevice.Compiler }
            : new DeviceListing($"cuda-c:{i}", device.Description, device.MemoryBytes, device.Reason,
                IsAutomatic: true)
            {
                KernelCompiler = device.IsUsable ? CudaDevice.Compiler(device) : null,
                Precisions = device.Precisions,
            })];

    internal static Device Open(IReadOnlyList<CudaDeviceInfo> devices, Func<IReadOnlyList<OpenClDeviceInfo>> others, int index) =>
        Substitute(devices, others, index) is { } substitute
            ? new OpenClDevice($"cuda-c:{index}", substitute, Description(devices[index]))
            : new CudaDevice($"cuda-c:{index}", CudaDevices.Choose(devices, index));

    /// <summary>
    /// Finds the OpenCL device for a GPU that lacks only a CUDA compiler, or null. Among GPUs with the same name, it takes the one with the
    /// same position.
    /// </summary>
    internal static OpenClDeviceInfo? Substitute(
        IReadOnlyList<CudaDeviceInfo> devices, Func<IReadOnlyList<OpenClDeviceInfo>> others, int index)
    {
        if (index < 0 || index >= devices.Count || !devices[index].LacksCompilerOnly) return null;
        string name = devices[index].Name;
        int before = devices.Take(index).Count(device => device.Name == name);
        return others().Where(other => other.IsUsable && other.Platform == "NVIDIA CUDA" && other.Name == name).Skip(before)
            .FirstOrDefault();
    }

    private static string Description(CudaDeviceInfo device) =>
        $"{device.Name}, through OpenCL, which is slower: {device.CompilerReason}";

    private static IReadOnlyList<OpenClDeviceInfo> OpenClDevices()
    {
        try
        {
            return OpenClPlatforms.List();
        }
        catch (GpuCnnException)
        {
            return [];
        }
    }
}
