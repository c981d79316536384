using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Copies in a queue of its own, so that they may run beside the kernels of the context's queue. OpenCL cannot pin arrays.
/// </summary>
internal sealed unsafe class OpenClUploadLane(OpenClContext context) : UploadLane
{
    private nint _queue = context.CreateQueue();

    public override void Move(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        context.Check(
            context.Api.EnqueueCopyBuffer(context.Queue, source.Handle, target.Handle, (nuint)from, (nuint)to, (nuint)bytes, 0, null, null),
            "clEnqueueCopyBuffer");

    public override void Finish() => context.Check(context.Api.Finish(_queue), "clFinish");

    public override void Dispose()
    {
        nint queue = Interlocked.Exchange(ref _queue, 0);
        if (queue == 0) return;
        // The results are ignored: after a lost device, these calls fail too and would hide the original failure.
        _ = context.Api.Finish(queue);
        _ = context.Api.ReleaseCommandQueue(queue);
        base.Dispose();
    }

    protected override IDisposable? PinArray(float[] array) => null;

    protected override void Copy(ReadOnlySpan<float> source, DeviceMemory target, long offset)
    {
        fixed (float* first = source)
        {
            context.Check(
                context.Api.EnqueueWriteBuffer(
                    _queue, target.Handle, 0, (nuint)offset, (nuint)source.Length * sizeof(float), first, 0, null, null),
                "clEnqueueWriteBuffer");
        }
        context.Check(context.Api.Flush(_queue), "clFlush");
    }
}
