namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Devices with OpenCL 1.2 or later and the project's own translation to OpenCL C. <c>auto</c> takes only GPUs: a processor is faster as
/// <c>cpu</c>.
/// </summary>
internal sealed class OpenClCKind : DeviceKind
{
    public override string Name => "opencl-c";

    public override int Preference => 10;

    public override bool IsIndexed => true;

    public override IReadOnlyList<DeviceListing> List()
    {
        try
        {
            return [.. OpenClPlatforms.List().Select((device, i) => new DeviceListing(
                $"{Name}:{i}", device.Description, device.GlobalMemoryBytes, device.Reason,
                    device.Type == OpenClDeviceType.Gpu) { KernelCompiler = OpenClDevice.Compiler })];
        }
        catch (GpuCnnException exception)
        {
            return [new(Name, "a GPU with OpenCL 1.2 or later", 0, exception.Message, IsAutomatic: false)];
        }
    }

    public override Device Open(int index, DeviceSettings settings)
    {
        if (settings.Threads is not null)
            throw new GpuCnnException(
                $"An opencl-c device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
        return new OpenClDevice($"{Name}:{index}", OpenClPlatforms.Find(index, Name));
    }
}
