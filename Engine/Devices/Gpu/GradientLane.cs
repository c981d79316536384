using System.Runtime.InteropServices;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Brings pieces of the gradients to host memory and back. The pieces lie there one after another.</summary>
internal abstract unsafe class GradientLane : IDisposable
{
    private readonly IReadOnlyList<GradientBucket> _buckets;
    private readonly long[] _places;

    protected GradientLane(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets)
    {
        Gradients = gradients;
        _buckets = buckets;
        _places = new long[buckets.Count];
        for (int i = 0; i < buckets.Count; i++)
        {
            _places[i] = TotalBytes;
            TotalBytes += BytesOf(i);
        }
    }

    /// <summary>Host memory of a piece.</summary>
    public float* Host(int bucket) => (float*)(HostMemory + _places[bucket]);

    /// <summary>Begins to copy a piece to the host, after the launches so far.</summary>
    public abstract void BeginRead(int bucket);

    /// <summary>Whether the piece has come to the host. Asked from any thread.</summary>
    /// <exception cref="DeviceLostException">The copy failed.</exception>
    public abstract bool IsHere(int bucket);

    /// <summary>Copies a piece back, before later launches. The host's memory may not change until those have run.</summary>
    public abstract void Write(int bucket);

    public abstract void Dispose();

    protected DeviceMemory Gradients { get; }

    /// <summary>Bytes of all pieces.</summary>
    protected long TotalBytes { get; }

    /// <summary>Host memory of all pieces.</summary>
    protected abstract byte* HostMemory { get; }

    /// <summary>Place of a piece in the gradients, in bytes.</summary>
    protected long OffsetOf(int bucket) => sizeof(float) * _buckets[bucket].First;

    protected long BytesOf(int bucket) => sizeof(float) * (long)_buckets[bucket].Count;
}

/// <summary>Waits for each copy: for devices that have no other way.</summary>
internal sealed unsafe class WaitingGradientLane : GradientLane
{
    private byte* _host;

    public WaitingGradientLane(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets) : base(gradients, buckets) =>
        _host = (byte*)NativeMemory.AlignedAlloc((nuint)TotalBytes, 64);

    public override void BeginRead(int bucket) => Gradients.Read(Values(bucket), OffsetOf(bucket));

    public override bool IsHere(int bucket) => true;

    public override void Write(int bucket) => Gradients.Write<float>(Values(bucket), OffsetOf(bucket));

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_host);
        _host = null;
    }

    protected override byte* HostMemory => _host;

    private Span<float> Values(int bucket) => new(Host(bucket), (int)(BytesOf(bucket) / sizeof(float)));
}
