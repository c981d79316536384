namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>ILGPU's CPU accelerator. Always present; <c>auto</c> never chooses it.</summary>
internal sealed class IlgpuCpuKind : DeviceKind
{
    public override string Name => "ilgpu-cpu";

    public override int Preference => -2;

    public override bool IsIndexed => false;

    public override IReadOnlyList<DeviceListing> List() =>
        [new(Name, IlgpuCpuDevice.About, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, null,
            IsAutomatic: false) { KernelCompiler = IlgpuSetup.Version }];

    public override Device Open(int index, DeviceSettings settings) => settings.Threads is null
        ? IlgpuCpuDevice.Open()
        : throw new GpuCnnException(
            $"The ilgpu-cpu device takes no number of threads, but got {settings.Threads}; only the cpu device does.");
}
