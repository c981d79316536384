using GpuCnn.Engine.Devices.OpenCl;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// OpenCL devices, their kernels compiled to OpenCL C by ILGPU; <c>auto</c> takes GPUs only. Where ILGPU does not take one, <c>opencl-c</c>
/// takes its place, and its description says so.
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
        if (settings.Threads != null)
            throw new GpuCnnException($"An opencl device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
        OpenClDeviceInfo info = OpenClPlatforms.Find(index, Name);
        return IlgpuOpenCl.Refusal(info) is { } reason
            ? new OpenClDevice($"opencl-c:{index}", info, InPlace(info, index, reason))
            : IlgpuOpenClDevice.Open($"{Name}:{index}", info);
    }

    private static DeviceListing Listing(OpenClDeviceInfo device, int index)
    {
        bool isGpu = device.Type == OpenClDeviceType.Gpu;
        string name = $"opencl:{index}";
        if (device.Reason is { } unusable) return new(name, device.Description, device.GlobalMemoryBytes, unusable, isGpu);
        return IlgpuOpenCl.Refusal(device) is { } reason
            ? new(name, $"{device.Description}, as opencl-c:{index}: {reason}", device.GlobalMemoryBytes, null,
                isGpu)
            { KernelCompiler = OpenClDevice.Compiler }
            : new(name, device.Description, device.GlobalMemoryBytes, null, isGpu) { KernelCompiler = IlgpuSetup.OpenClC };
    }

    private static string InPlace(OpenClDeviceInfo info, int index, string reason) =>
        $"{info.Description}; in place of opencl:{index}: {reason}";
}
