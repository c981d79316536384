using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Results in mapped memory, with a point in the queue for each slot.</summary>
internal sealed unsafe class OpenClResultSlots : ResultSlots
{
    private readonly OpenClContext _context;
    private readonly OpenClStaging _host;
    private readonly OpenClPoint[] _filled;
    // Programs launched for the first time before a slot's point.
    private readonly IReadOnlyList<OpenClProgram>[] _launched;
    private readonly int _bytes;

    public OpenClResultSlots(OpenClContext context, int slots, int bytes)
    {
        _context = context;
        _bytes = bytes;
        _host = context.AllocateStaging((long)slots * bytes, "results");
        _filled = [.. Enumerable.Range(0, slots).Select(_ => new OpenClPoint(context, isMarked: false))];
        _launched = [.. _filled.Select(_ => Array.Empty<OpenClProgram>())];
    }

    public override PreparedLaunch PrepareRead(DeviceMemory source, long from, int slot, int place, int bytes) =>
        new Copy(_context, source, from, _host, (long)slot * _bytes + place, bytes);

    public override void Mark(int slot)
    {
        if (_launched[slot].Count == 0) _launched[slot] = _context.Programs.TakeLaunched();
        _filled[slot].Mark();
    }

    public override void Wait(int slot)
    {
        _filled[slot].Wait();
        if (_launched[slot].Count == 0) return;
        _context.Programs.Save(_launched[slot]);
        _launched[slot] = [];
    }

    public override ReadOnlySpan<byte> Bytes(int slot) => _host.Elements<byte>(_bytes, (long)slot * _bytes);

    public override void Dispose()
    {
        foreach (OpenClPoint point in _filled) point.Dispose();
        _host.Dispose();
    }

    private sealed class Copy(OpenClContext context, DeviceMemory source, long from, OpenClStaging host, long to, int bytes)
        : PreparedLaunch
    {
        public override void Run() => context.Check(
            context.Api.EnqueueReadBuffer(
                context.Queue, source.Handle, 0, (nuint)from, (nuint)bytes, host.At(to, bytes), 0, null, null),
            "clEnqueueReadBuffer");

        public override void Dispose() { }
    }
}
