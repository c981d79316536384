using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Copies gradients to pinned memory on a stream of its own, beside the kernels of the context's stream, and back on the context's.
/// </summary>
internal sealed unsafe class CudaGradientLane : GradientLane
{
    private readonly CudaContext _context;
    private readonly CudaStaging _host;
    private readonly CudaQueue _stream;
    // Recorded when a piece is computed, and when it is on the host.
    private readonly CudaEvent[] _computed, _copied;

    public CudaGradientLane(CudaContext context, DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets) : base(gradients, buckets)
    {
        _context = context;
        _host = context.AllocateStaging(TotalBytes, "gradients");
        _stream = new(context, "gradients");
        _computed = [.. buckets.Select(_ => context.Mark())];
        _copied = [.. buckets.Select(_ => context.Mark())];
    }

    public override void BeginRead(int bucket)
    {
        _computed[bucket].Record(_context.Stream);
        _computed[bucket].Hold(_stream.Handle);
        nint from = Gradients.Handle + (nint)OffsetOf(bucket);
        _context.Check(
            _context.Api.CopyToHostAsync(Host(bucket), from, (nuint)BytesOf(bucket), _stream.Handle), "cuMemcpyDtoHAsync_v2");
        _copied[bucket].Record(_stream.Handle);
    }

    public override bool IsHere(int bucket) => _copied[bucket].IsComplete;

    public override void Write(int bucket)
    {
        _context.Enter();
        nint to = Gradients.Handle + (nint)OffsetOf(bucket);
        _context.Check(
            _context.Api.CopyToDeviceAsync(to, Host(bucket), (nuint)BytesOf(bucket), _context.Stream), "cuMemcpyHtoDAsync_v2");
    }

    public override void Dispose()
    {
        // Waits for copies, before their memory is freed.
        _stream.Dispose();
        foreach (CudaEvent point in _computed.Concat(_copied)) point.Dispose();
        _host.Dispose();
    }

    protected override byte* HostMemory => (byte*)_host.Handle;
}
