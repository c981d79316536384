using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Copies in a queue of its own, so that they may run beside the kernels of the context's queue. OpenCL cannot pin arrays.
/// </summary>
internal sealed unsafe class OpenClUploadLane(OpenClContext context) : UploadLane
{
    private nint _queue = context.CreateQueue();
    // After the launches that read a place, at first after those that clear its memory; and after the copy to it.
    private readonly OpenClPoint[] _released = [new(context), new(context)];
    private readonly OpenClPoint[] _copied = [new(context, isMarked: false), new(context, isMarked: false)];
    private int _last;

    public override void Hold(int place) => _copied[place].Hold();

    public override void Release(int place) => _released[place].Mark();

    public override void Finish() => _copied[_last].Wait();

    public override void Dispose()
    {
        nint queue = Interlocked.Exchange(ref _queue, 0);
        if (queue == 0) return;
        // The results are ignored: after a lost device, these calls fail too and would hide the original failure.
        _ = context.Api.Finish(queue);
        _ = context.Api.ReleaseCommandQueue(queue);
        foreach (OpenClPoint point in _released.Concat(_copied)) point.Dispose();
        base.Dispose();
    }

    protected override IDisposable? PinArray(float[] array) => null;

    protected override void Copy(int place, ReadOnlySpan<float> source, DeviceMemory target, long offset)
    {
        nint released = _released[place].Event, copied;
        fixed (float* first = source)
        {
            context.Check(
                context.Api.EnqueueWriteBuffer(
                    _queue, target.Handle, 0, (nuint)offset, (nuint)source.Length * sizeof(float), first, 1, &released, &copied),
                "clEnqueueWriteBuffer");
        }
        _copied[place].Set(copied);
        _last = place;
        context.Check(context.Api.Flush(_queue), "clFlush");
    }
}
