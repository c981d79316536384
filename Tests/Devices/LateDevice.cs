using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Devices;

/// <summary>
/// The debug device with a queue: commands run only when something waits for them, as late as a device beside the host may run them. It
/// gives the debug device's bits.
/// </summary>
internal sealed class LateDevice : GpuDevice
{
    private readonly DebugDevice _device = new();
    private readonly Queue<Action> _commands = [];
    private long _given, _done;

    public override string Name => "late";

    public override string Description => "the debug device, as late as possible";

    public override long MemoryBytes => _device.MemoryBytes;

    public override long AllocatedBytes => _device.AllocatedBytes;

    /// <summary>Waits for all commands so far, other than for results.</summary>
    public int Waits { get; private set; }

    internal override long LargestAllocation => _device.LargestAllocation;

    internal override bool HasUploadLane => true;

    internal override bool HasResultSlots => true;

    internal override DeviceMemory Allocate(long bytes, string what, bool zeroed = true) =>
        new Memory(this, _device.Allocate(bytes, what, zeroed));

    internal override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups)
    {
        PreparedLaunch launch = _device.Prepare(kernel, groups);
        return new Command(this, launch.Run);
    }

    internal override PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes)
    {
        var values = new byte[bytes];
        return new Command(this, () =>
        {
            ((Memory)source).Inner.Read<byte>(values, from);
            ((Memory)target).Inner.Write<byte>(values, to);
        });
    }

    internal override ResultSlots CreateResults(int slots, int bytes) => new Results(this, slots, bytes);

    internal override UploadLane CreateUploadLane() => new Lane(this);

    internal override void Finish()
    {
        Waits++;
        RunTo(_given);
    }

    public override void Dispose() => _device.Dispose();

    private void Give(Action command)
    {
        _commands.Enqueue(command);
        _given++;
    }

    private void RunTo(long end)
    {
        while (_done < end)
        {
            _done++;
            _commands.Dequeue()();
        }
    }

    private sealed class Command(LateDevice device, Action run) : PreparedLaunch
    {
        public override void Run() => device.Give(run);

        public override void Dispose() { }
    }

    private sealed class Memory(LateDevice device, DeviceMemory inner) : DeviceMemory
    {
        public DeviceMemory Inner => inner;

        public override long Bytes => inner.Bytes;

        public override nint Handle => inner.Handle;

        public override View<T> View<T>(long offset, int count) => inner.View<T>(offset, count);

        public override void Dispose()
        {
            device.Finish();
            inner.Dispose();
        }

        protected override void WriteBytes(ReadOnlySpan<byte> source, long offset)
        {
            byte[] values = source.ToArray();
            device.Give(() => inner.Write<byte>(values, offset));
        }

        protected override void ReadBytes(Span<byte> target, long offset)
        {
            device.Finish();
            inner.Read(target, offset);
        }
    }

    private sealed class Results(LateDevice device, int slots, int bytes) : ResultSlots
    {
        private readonly byte[][] _slots = [.. Enumerable.Range(0, slots).Select(_ => new byte[bytes])];
        private readonly long[] _filled = new long[slots];

        public override PreparedLaunch PrepareRead(DeviceMemory source, long from, int slot, int place, int bytes) =>
            new Command(device, () => ((Memory)source).Inner.Read(_slots[slot].AsSpan(place, bytes), from));

        public override void Mark(int slot) => _filled[slot] = device._given;

        public override void Wait(int slot) => device.RunTo(_filled[slot]);

        public override ReadOnlySpan<byte> Bytes(int slot) => _slots[slot];

        public override void Dispose() => device.RunTo(device._given);
    }

    /// <summary>Copies when somebody waits for them, and then reads what the batch holds.</summary>
    private sealed class Lane(LateDevice device) : UploadLane
    {
        private readonly long[] _released = new long[Places];
        private readonly Queue<(int Place, Action Run)> _copies = [];

        public override void Hold(int place) => device.Give(Finish);

        public override void Release(int place) => _released[place] = device._given;

        public override void Finish()
        {
            while (_copies.TryDequeue(out (int Place, Action Run) copy)) copy.Run();
        }

        protected override IDisposable? PinArray(float[] array) => null;

        protected override unsafe void Copy(int place, ReadOnlySpan<float> source, DeviceMemory target, long offset)
        {
            long released = _released[place];
            int count = source.Length;
            fixed (float* first = source)
            {
                // Batches' arrays do not move.
                nint address = (nint)first;
                _copies.Enqueue((place, () =>
                {
                    device.RunTo(released);
                    ((Memory)target).Inner.Write(new ReadOnlySpan<float>((float*)address, count), offset);
                }
                ));
            }
        }
    }
}
