using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Starts its commands at once, because a driver may collect commands until somebody waits.</summary>
internal sealed class OpenClSequence(OpenClContext context, IReadOnlyList<PreparedLaunch> launches, StepCopies copies)
    : LaunchSequence(launches, copies)
{
    public override void Run(int first, int last, int before = StepCopies.None, int after = StepCopies.None)
    {
        base.Run(first, last, before, after);
        context.Flush();
    }
}

/// <summary>A copy within the device, in order with the commands of the context's queue.</summary>
internal sealed unsafe class OpenClCopy(
    OpenClContext context, DeviceMemory source, long from, DeviceMemory target, long to, long bytes) : PreparedLaunch
{
    public override string Name => "a copy";

    public override void Run() => context.Check(
        context.Api.EnqueueCopyBuffer(context.Queue, source.Handle, target.Handle, (nuint)from, (nuint)to, (nuint)bytes, 0, null, null),
        "clEnqueueCopyBuffer");

    public override void Dispose() { }
}
