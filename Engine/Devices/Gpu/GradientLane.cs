using System.Runtime.InteropServices;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Brings pieces of the gradients to host memory and back. This one waits for each copy; devices that copy beside their launches have
/// their own.
/// </summary>
internal unsafe class GradientLane : IDisposable
{
    private readonly DeviceMemory _gradients;
    private readonly IReadOnlyList<GradientBucket> _buckets;
    private readonly float*[] _host;

    public GradientLane(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets)
    {
        _gradients = gradients;
        _buckets = buckets;
        _host = new float*[buckets.Count];
    }

    /// <summary>Host memory of a piece.</summary>
    public virtual float* Host(int bucket)
    {
        if (_host[bucket] is null)
            _host[bucket] = (float*)NativeMemory.AlignedAlloc((nuint)_buckets[bucket].Count * sizeof(float), 64);
        return _host[bucket];
    }

    /// <summary>Begins to copy a piece to the host, after the launches so far.</summary>
    public virtual void BeginRead(int bucket) =>
        _gradients.Read(new Span<float>(Host(bucket), _buckets[bucket].Count), sizeof(float) * _buckets[bucket].First);

    /// <summary>Whether the piece has come to the host. Asked from any thread.</summary>
    /// <exception cref="DeviceLostException">The copy failed.</exception>
    public virtual bool IsHere(int bucket) => true;

    /// <summary>Copies a piece back, before later launches. The host's memory may not change until those have run.</summary>
    public virtual void Write(int bucket) =>
        _gradients.Write<float>(new ReadOnlySpan<float>(Host(bucket), _buckets[bucket].Count), sizeof(float) * _buckets[bucket].First);

    public virtual void Dispose()
    {
        for (int i = 0; i < _host.Length; i++)
        {
            NativeMemory.AlignedFree(_host[i]);
            _host[i] = null;
        }
    }
}
