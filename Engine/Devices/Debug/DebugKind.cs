using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Debug;

/// <summary>The debug device. Always present; <c>auto</c> never chooses it.</summary>
internal sealed class DebugKind : DeviceKind
{
    public override string Name => "debug";

    public override int Preference => -1;

    public override bool IsIndexed => false;

    public override IReadOnlyList<DeviceListing> List()
    {
        using var device = new DebugDevice();
        return [new(Name, device.Description, device.MemoryBytes, null, IsAutomatic: false)
            { Precisions = Precisions.All }];
    }

    public override Device Open(int index, DeviceSettings settings) => settings.Threads is null
        ? new DebugDevice()
        : throw new GpuCnnException(
            $"The debug device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
}
