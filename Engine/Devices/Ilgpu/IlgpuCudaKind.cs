using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// NVIDIA GPUs with kernels that ILGPU compiles to PTX; needs only the driver. If ILGPU does not support a GPU, or a precision other than
/// float32 is asked for, <c>cuda-c</c> runs it instead, and its description says so.
/// </summary>
internal sealed class IlgpuCudaKind : DeviceKind
{
    private const string Cuda = "cuda";

    public override string Name => Cuda;

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
        return Open(CudaDevices.List(), index, settings.Precision);
    }

    internal static Device Open(IReadOnlyList<CudaDeviceInfo> devices, int index, Precision precision)
    {
        CudaDeviceInfo info = CudaDevices.Choose(devices, index, Cuda, needsCompiler: false);
        if (precision != Precision.Float32) return OpenTwin(info, index, precision);
        try
        {
            CublasLibrary? products = CublasLibraries.Machine.Find(info.DriverVersion, info.ComputeCapability, out _);
            return IlgpuCudaDevice.Open($"{Cuda}:{index}", info.Description, index, products: products);
        }
        catch (DeviceUnavailableException) when (info.IsUsable)
        {
            return new CudaDevice($"cuda-c:{index}", info,
                description: $"{info.Description}; instead of {Cuda}:{index}, which ILGPU does not support");
        }
    }

    /// <summary>Opens what runs the same GPU in another precision than float32.</summary>
    /// <exception cref="UnsupportedPrecisionException">The GPU lacks the precision.</exception>
    private static CudaDevice OpenTwin(CudaDeviceInfo info, int index, Precision precision)
    {
        if (!info.Precisions.Contains(precision))
            throw UnsupportedPrecisionException.Of(precision, $"{Cuda}:{index}", info.Description);
        if (info.Reason is { } reason) throw new DeviceUnavailableException(
            $"The device '{Cuda}:{index}' ({info.Description}) computes in {Precision.Float32.Name()} only, and cuda-c:{index}, which runs "
            + $"the same GPU in {precision.Name()}, cannot be used: {reason}.");
        return new($"cuda-c:{index}", info,
            description: $"{info.Description}; instead of {Cuda}:{index}, which computes in {Precision.Float32.Name()} only");
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
