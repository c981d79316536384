using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Results in pinned memory, with an event for each slot.</summary>
internal sealed unsafe class CudaResultSlots : ResultSlots
{
    private readonly CudaContext _context;
    private readonly CudaStaging _host;
    private readonly CudaEvent[] _filled;
    private readonly int _bytes;

    public CudaResultSlots(CudaContext context, int slots, int bytes)
    {
        _context = context;
        _bytes = bytes;
        _host = context.AllocateStaging((long)slots * bytes, "results");
        _filled = [.. Enumerable.Range(0, slots).Select(_ => context.Mark())];
    }

    public override PreparedLaunch PrepareRead(DeviceMemory source, long from, int slot, int place, int bytes) =>
        new Copy(_context, source, from, _host, (long)slot * _bytes + place, bytes);

    public override void Mark(int slot) => _filled[slot].Record(_context.Stream);

    public override void Wait(int slot)
    {
        if (!_filled[slot].IsComplete) _filled[slot].Wait();
    }

    public override ReadOnlySpan<byte> Bytes(int slot) => _host.Elements<byte>(_bytes, (long)slot * _bytes);

    public override void Dispose()
    {
        // Waits for copies.
        _host.Dispose();
        foreach (CudaEvent point in _filled) point.Dispose();
    }

    private sealed class Copy(CudaContext context, DeviceMemory source, long from, CudaStaging host, long to, int bytes) : CudaCommand
    {
        public override string Name => "a copy of results";

        public override void Run() => Record(context.Stream);

        public override void Record(nint stream)
        {
            context.Enter();
            context.Check(
                context.Api.CopyToHostAsync(host.At(to, bytes), source.Handle + (nint)from, (nuint)bytes, stream), "cuMemcpyDtoHAsync_v2");
        }

        public override void Dispose() { }
    }
}
