using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Copies gradients to mapped memory in a queue of its own, beside the kernels of the context's queue, and back in the latter.
/// </summary>
internal sealed unsafe class OpenClGradientLane : GradientLane
{
    private readonly OpenClContext _context;
    private readonly OpenClStaging _host;
    // Event of each piece's copy; 0 before the first.
    private readonly nint[] _copied;
    private nint _queue;

    public OpenClGradientLane(OpenClContext context, DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets)
        : base(gradients, buckets)
    {
        _context = context;
        _copied = new nint[buckets.Count];
        _host = context.AllocateStaging(TotalBytes, "gradients");
        _queue = context.CreateQueue();
    }

    public override void BeginRead(int bucket)
    {
        OpenClApi api = _context.Api;
        Release(bucket);
        nint computed, copied;
        _context.Check(api.EnqueueMarkerWithWaitList(_context.Queue, 0, null, &computed), "clEnqueueMarkerWithWaitList");
        // The other queue may wait for it only once it was submitted.
        _context.Check(api.Flush(_context.Queue), "clFlush");
        int code = api.EnqueueReadBuffer(
            _queue, Gradients.Handle, 0, (nuint)OffsetOf(bucket), (nuint)BytesOf(bucket), Host(bucket), 1,
            &computed, &copied);
        _ = api.ReleaseEvent(computed);
        _context.Check(code, "clEnqueueReadBuffer");
        _copied[bucket] = copied;
        _context.Check(api.Flush(_queue), "clFlush");
    }

    public override bool IsHere(int bucket)
    {
        int status;
        _context.Check(
            _context.Api.GetEventInfo(_copied[bucket], OpenClEvent.ExecutionStatus, sizeof(int), &status, null), "clGetEventInfo");
        // A negative status is the error that ended the command.
        return status >= 0 ? status == 0 : throw _context.Lost(status, "clGetEventInfo");
    }

    public override void Write(int bucket) => _context.Check(
        _context.Api.EnqueueWriteBuffer(
            _context.Queue, Gradients.Handle, 0, (nuint)OffsetOf(bucket), (nuint)BytesOf(bucket), Host(bucket), 0,
            null, null),
        "clEnqueueWriteBuffer");

    public override void Dispose()
    {
        nint queue = Interlocked.Exchange(ref _queue, 0);
        if (queue == 0) return;
        // The results are ignored: after a lost device, these calls fail too and would hide the original failure.
        _ = _context.Api.Finish(queue);
        _ = _context.Api.ReleaseCommandQueue(queue);
        // Copies back may still read the host's memory.
        _ = _context.Api.Finish(_context.Queue);
        for (int i = 0; i < _copied.Length; i++) Release(i);
        _host.Dispose();
    }

    private void Release(int bucket)
    {
        nint copied = Interlocked.Exchange(ref _copied[bucket], 0);
        if (copied != 0) _ = _context.Api.ReleaseEvent(copied);
    }

    protected override byte* HostMemory => (byte*)_host.At(0, TotalBytes);
}
