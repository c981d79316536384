using GpuCnn.Engine.Devices.Cuda;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// NVIDIA GPUs with kernels that ILGPU compiles to PTX; needs only the driver. If ILGPU does not support a GPU, <c>cuda-c</c> runs it
/// instead, and its description says so.
/// </summary>
internal sealed class IlgpuCudaKind : DeviceKind
{
    public override string Name => "cuda";

    public override int Preference => 40;

    public override bool IsIndexed => true;

    public override IReadOnlyList<DeviceListing> List()
    {
        try
        {
            return Listings(CudaDevices.List());
        }
        catch (GpuCnnException exception)
        {
            return [new(Name, "an NVIDIA GPU", 0, exception.Message, IsAutomatic: false)];
        }
    }

    public override Device Open(int index, DeviceSettings settings)
    {
        if (settings.Threads is not null)
            throw new GpuCnnException($"A cuda device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
        IReadOnlyList<CudaDeviceInfo> devices = CudaDevices.List();
        CudaDeviceInfo info = CudaDevices.Choose(devices, index, Name, needsCompiler: false);
        try
        {
            CublasLibrary? products = CublasLibraries.Machine.Find(info.DriverVersion, info.ComputeCapability, out _);
            return IlgpuCudaDevice.Open($"{Name}:{index}", info.Description, index, products: products);
        }
        catch (DeviceUnavailableException) when (info.IsUsable)
        {
            return new CudaDevice($"cuda-c:{index}", info,
                description: $"{info.Description}; instead of {Name}:{index}, which ILGPU does not support");
        }
    }

    internal static IReadOnlyList<DeviceListing> Listings(IReadOnlyList<CudaDeviceInfo> devices, CublasLibraries? libraries = null) =>
        [.. devices.Select((device, i) =>
        new DeviceListing($"cuda:{i}", device.Description, device.MemoryBytes, device.DriverReason, IsAutomatic: true)
        {
            KernelCompiler = IlgpuSetup.Ptx,
            ProductLibrary =
                (libraries ?? CublasLibraries.Machine).Find(device.DriverVersion, device.ComputeCapability, out string reason)
                is { } library ? $"{library} found" : reason,
        })];
}
