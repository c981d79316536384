using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Debug;

/// <summary>
/// Runs kernels as the C# they are written in, one thread after another, for tests and breakpoints. Memory holds NaN until it is written.
/// Reads out of range, barriers that not all threads reach and values that were never written are reported with the kernel, the thread and
/// the line.
/// </summary>
public sealed class DebugDevice : GpuDevice
{
    private readonly DebugLauncher _launcher = new();
    private long _allocated;

    public override string Name => "debug";

    public override string Description => "the kernels' C#, checked, one thread after another";

    public override long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public override long AllocatedBytes => Interlocked.Read(ref _allocated);

    internal override long LargestAllocation => int.MaxValue;

    public override bool Supports(Precision precision) => true;

    internal override DeviceMemory Allocate(long bytes, string what, bool zeroed = true) => new Memory(this, bytes, what, zeroed);

    internal override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups) => new Launch<TKernel>(_launcher, kernel, groups);

    internal override void Finish() { }

    public override void Dispose() => _launcher.Dispose();

    private sealed class Launch<TKernel>(DebugLauncher launcher, TKernel kernel, Size3 groups) : PreparedLaunch
        where TKernel : struct, IKernel
    {
        public override void Run() => launcher.Run(kernel, groups);

        public override void Dispose() { }
    }

    private sealed unsafe class Memory : DeviceMemory
    {
        private readonly DebugDevice _device;
        private void* _address;

        public Memory(DebugDevice device, long bytes, string what, bool zeroed)
        {
            _device = device;
            Bytes = bytes;
            try
            {
                _address = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 4096);
            }
            catch (OutOfMemoryException)
            {
                throw new DeviceOutOfMemoryException(
                    $"The debug device needs {bytes / 1048576.0:F0} MiB for {what}, but the system does not have that much.", bytes, null);
            }
            NativeMemory.Clear(_address, (nuint)bytes);
            if (!zeroed) new Span<uint>(_address, (int)(bytes / sizeof(uint))).Fill(WrittenViews.Unwritten);
            Interlocked.Add(ref device._allocated, bytes);
        }

        public override long Bytes { get; }

        public override nint Handle => (nint)_address;

        public override void Dispose()
        {
            if (_address is null) return;
            NativeMemory.AlignedFree(_address);
            _address = null;
            Interlocked.Add(ref _device._allocated, -Bytes);
        }

        protected override void WriteBytes(ReadOnlySpan<byte> source, long offset) => source.CopyTo(At(offset, source.Length));

        protected override void ReadBytes(Span<byte> target, long offset) => At(offset, target.Length).CopyTo(target);

        private Span<byte> At(long offset, int bytes) => offset >= 0 && bytes <= Bytes - offset
            ? new((byte*)_address + offset, bytes)
            : throw new ArgumentOutOfRangeException(
                nameof(offset), $"The memory has {Bytes} bytes, but {bytes} bytes at {offset} were requested.");
    }
}
