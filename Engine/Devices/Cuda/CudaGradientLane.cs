using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Copies gradients to pinned memory on a stream of its own, beside the kernels of the context's stream, and back on the context's.
/// </summary>
internal sealed unsafe class CudaGradientLane : GradientLane
{
    private const uint WithoutTiming = 2;

    private readonly CudaContext _context;
    private readonly DeviceMemory _gradients;
    private readonly IReadOnlyList<GradientBucket> _buckets;
    private readonly CudaStaging _host;
    private readonly CudaQueue _stream;
    private readonly long[] _places;
    // Recorded when a piece is computed, and when it is on the host.
    private readonly CudaMarker[] _computed, _copied;

    public CudaGradientLane(CudaContext context, DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets) : base(gradients, buckets)
    {
        _context = context;
        _gradients = gradients;
        _buckets = buckets;
        _places = new long[buckets.Count];
        long bytes = 0;
        for (int i = 0; i < buckets.Count; i++)
        {
            _places[i] = bytes;
            bytes += sizeof(float) * (long)buckets[i].Count;
        }
        _host = context.AllocateStaging(bytes, "gradients");
        _stream = new(context, "gradients");
        _computed = [.. buckets.Select(_ => new CudaMarker(context))];
        _copied = [.. buckets.Select(_ => new CudaMarker(context))];
    }

    public override float* Host(int bucket) => (float*)_host.At(_places[bucket], BytesOf(bucket));

    public override void BeginRead(int bucket)
    {
        _computed[bucket].Record(_context.Stream);
        _computed[bucket].Hold(_stream.Handle);
        nint from = _gradients.Handle + (nint)(sizeof(float) * _buckets[bucket].First);
        _context.Check(
            _context.Api.CopyToHostAsync(Host(bucket), from, (nuint)BytesOf(bucket), _stream.Handle), "cuMemcpyDtoHAsync_v2");
        _copied[bucket].Record(_stream.Handle);
    }

    public override bool IsHere(int bucket) => _copied[bucket].IsReached;

    public override void Write(int bucket)
    {
        _context.Enter();
        nint to = _gradients.Handle + (nint)(sizeof(float) * _buckets[bucket].First);
        _context.Check(
            _context.Api.CopyToDeviceAsync(to, Host(bucket), (nuint)BytesOf(bucket), _context.Stream), "cuMemcpyHtoDAsync_v2");
    }

    public override void Dispose()
    {
        // Waits for copies, before their memory is freed.
        _stream.Dispose();
        foreach (CudaMarker marker in _computed.Concat(_copied)) marker.Dispose();
        _host.Dispose();
        base.Dispose();
    }

    private long BytesOf(int bucket) => sizeof(float) * (long)_buckets[bucket].Count;

    /// <summary>A place in a stream that is recorded again and again.</summary>
    private sealed class CudaMarker(CudaContext context) : CudaObject(context, Create(context), "gradients")
    {
        /// <summary>Marks the commands of a stream so far.</summary>
        public void Record(nint stream)
        {
            Context.Enter();
            Context.Check(Api.EventRecord(Handle, stream), "cuEventRecord");
        }

        /// <summary>Lets later commands of a stream wait until the marked ones have run.</summary>
        public void Hold(nint stream) => Context.Check(Api.StreamWaitEvent(stream, Handle, 0), "cuStreamWaitEvent");

        public bool IsReached
        {
            get
            {
                Context.Enter();
                int code = Api.EventQuery(Handle);
                if (code == CudaCodes.NotReady) return false;
                Context.Check(code, "cuEventQuery");
                return true;
            }
        }

        protected override void Release(nint handle) => _ = Api.EventDestroy(handle);

        private static nint Create(CudaContext context)
        {
            nint handle;
            context.Enter();
            context.Check(context.Api.EventCreate(&handle, WithoutTiming), "cuEventCreate");
            return handle;
        }
    }
}
