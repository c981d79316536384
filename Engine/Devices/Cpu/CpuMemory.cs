using System.Runtime.InteropServices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Zeroed, page-aligned memory outside the managed heap. Its one owner disposes of it.</summary>
internal sealed unsafe class CpuMemory : DeviceMemory
{
    private const int PageSize = 4096;

    private readonly CpuDevice _device;
    private void* _address;

    public CpuMemory(CpuDevice device, long bytes, string what)
    {
        _device = device;
        Bytes = bytes;
        // The system grants more than it has, and ends a process that uses it.
        long free = HostMemory.FreeBytes;
        if (bytes > free) throw OutOfMemory(bytes, what, free);
        try
        {
            _address = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), PageSize);
        }
        catch (OutOfMemoryException)
        {
            throw OutOfMemory(bytes, what, free);
        }
        NativeMemory.Clear(_address, (nuint)bytes);
    }

    private static DeviceOutOfMemoryException OutOfMemory(long bytes, string what, long free) => new(
        $"The cpu device needs {bytes / 1048576.0:F0} MiB for {what}, but {free / 1048576.0:F0} MiB are free.", bytes, free);

    public override long Bytes { get; }

    /// <summary>Address of the memory.</summary>
    public override nint Handle => (nint)_address;

    public override void Dispose()
    {
        if (_address is null) return;
        NativeMemory.AlignedFree(_address);
        _address = null;
        _device.Release(Bytes);
    }

    protected override void WriteBytes(ReadOnlySpan<byte> source, long offset) =>
        source.CopyTo(new Span<byte>((byte*)_address + offset, source.Length));

    protected override void ReadBytes(Span<byte> target, long offset) =>
        new ReadOnlySpan<byte>((byte*)_address + offset, target.Length).CopyTo(target);
}
