using GpuCnn.Engine.Devices.OpenCl;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// OpenCL devices with kernels that ILGPU compiles to OpenCL C; <c>auto</c> takes only GPUs. If ILGPU does not support a device,
/// <c>opencl-c</c> runs it instead, and its description says so.
/// </summary>
internal sealed class IlgpuOpenClKind : DeviceKind
{
    public override string Name => "opencl";

    public override int Preference => 30;

    public override bool IsIndexed => true;

    public override IReadOnlyList<DeviceListing> List()
    {
        try
        {
            return [.. OpenClPlatforms.List().Select(Listing)];
        }
        catch (GpuCnnException exception)
        {
            return [new(Name, "a GPU with OpenCL", 0, exception.Message, IsAutomatic: false)];
        }
    }

    public override Device Open(int index, DeviceSettings settings)
    {
        if (settings.Threads is not null)
            throw new GpuCnnException(
                $"An opencl device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
        OpenClDeviceInfo info = OpenClPlatforms.Find(index, Name);
        return IlgpuOpenCl.Refusal(info) is { } reason
            ? new OpenClDevice($"opencl-c:{index}", info, Substituted(info, index, reason))
            : IlgpuOpenClDevice.Open($"{Name}:{index}", info);
    }

    private static DeviceListing Listing(OpenClDeviceInfo device, int index)
    {
        bool isGpu = device.Type == OpenClDeviceType.Gpu;
        string name = $"opencl:{index}";
        if (device.Reason is { } unusable) return new(name, device.Description, device.GlobalMemoryBytes, unusable, isGpu);
        return IlgpuOpenCl.Refusal(device) is { } reason
            ? new(name, $"{device.Description}, as opencl-c:{index}: {reason}", device.GlobalMemoryBytes, null, isGpu)
            { KernelCompiler = OpenClDevice.Compiler }
            : new(name, device.Description, device.GlobalMemoryBytes, null, isGpu) { KernelCompiler = IlgpuSetup.OpenClC };
    }

    private static string Substituted(OpenClDeviceInfo info, int index, string reason) =>
        $"{info.Description}; instead of opencl:{index}: {reason}";
}
