using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A command that may also be recorded in a <see cref="CudaGraph"/>.</summary>
internal abstract class CudaCommand : PreparedLaunch
{
    /// <summary>Gives the command to a stream.</summary>
    public abstract void Record(nint stream);
}

/// <summary>A copy within the device.</summary>
/// <param name="from">In bytes.</param>
/// <param name="to">In bytes.</param>
internal sealed unsafe class CudaCopy(CudaContext context, DeviceMemory source, long from, DeviceMemory target, long to, long bytes)
    : CudaCommand
{
    public override string Name => "a copy";

    public override void Run() => Record(context.Stream);

    public override void Record(nint stream)
    {
        context.Enter();
        context.Check(
            context.Api.CopyOnDeviceAsync(target.Handle + (nint)to, source.Handle + (nint)from, (nuint)bytes, stream),
            "cuMemcpyDtoDAsync_v2");
    }

    public override void Dispose() { }
}
