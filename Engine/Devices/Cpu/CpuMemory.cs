using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>A run of zeroed, page-aligned memory outside the managed heap. Has one owner, who disposes of it.</summary>
internal sealed unsafe class CpuMemory : IDisposable
{
    private const int PageSize = 4096;

    private readonly CpuDevice _device;
    private void* _address;

    public CpuMemory(CpuDevice device, long bytes, string what)
    {
        _device = device;
        Bytes = bytes;
        try
        {
            _address = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), PageSize);
        }
        catch (OutOfMemoryException exception)
        {
            throw new GpuCnnException($"The cpu device needs {bytes / 1048576.0:F0} MiB for {what}, but the system has not that much to give; use a smaller batch.", exception);
        }
        NativeMemory.Clear(_address, (nuint)bytes);
    }

    public long Bytes { get; }

    public nint Address => (nint)_address;

    public void Dispose()
    {
        if (_address == null) return;
        NativeMemory.AlignedFree(_address);
        _address = null;
        _device.Release(Bytes);
    }
}
