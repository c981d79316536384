namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>The processor. Always present; <c>auto</c> takes it last.</summary>
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

    public override Device Open(int index, DeviceSettings settings) => new CpuDevice(settings.Threads ?? settings.Share.Cores);
}
