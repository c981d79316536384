using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler;

/// <summary>Something that the sample kernels run on, with the buffers they are given.</summary>
public abstract class SampleDevice : IDisposable
{
    private protected List<DeviceBuffer> Buffers { get; } = [];

    internal DeviceBuffer<T> Buffer<T>(params ReadOnlySpan<T> values) where T : unmanaged
    {
        var buffer = new DeviceBuffer<T>(values);
        Buffers.Add(buffer);
        return buffer;
    }

    internal abstract void Run<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel;

    public virtual void Dispose()
    {
        foreach (DeviceBuffer buffer in Buffers) buffer.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class DebugSampleDevice : SampleDevice
{
    private readonly DebugLauncher _launcher = new();

    internal override void Run<TKernel>(TKernel kernel, Size3 groups) => _launcher.Run(kernel, groups);

    public override void Dispose()
    {
        _launcher.Dispose();
        base.Dispose();
    }
}
