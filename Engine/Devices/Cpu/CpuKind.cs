namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>The processor: always there, and the last that <c>auto</c> takes.</summary>
internal sealed class CpuKind : DeviceKind
{
    public override string Name => "cpu";

    public override int Preference => 0;

    public override bool IsIndexed => false;

    public override IReadOnlyList<DeviceListing> List()
    {
        using var device = new CpuDevice();
        return [new(Name, device.Description, device.MemoryBytes, null, IsAutomatic: true)];
    }

    public override Device Open(int index, DeviceSettings settings) => new CpuDevice(settings.Threads);
}
