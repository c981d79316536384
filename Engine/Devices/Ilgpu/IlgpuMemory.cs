using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;
using ILGPU;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Memory in an ILGPU buffer.</summary>
internal sealed class IlgpuMemory(IlgpuDevice device, MemoryBuffer1D<byte, Stride1D.Dense> buffer, long bytes, string what)
    : DeviceMemory
{
    /// <summary>Smallest size of a buffer: an empty one has no address.</summary>
    public const int Granule = 16;

    private bool _isDisposed;

    public override long Bytes => bytes;

    public override nint Handle => buffer.NativePtr;

    public override unsafe View<T> View<T>(long offset, int count)
    {
        if (offset % sizeof(T) != 0)
            throw new ArgumentException(
                $"A view of {typeof(T).Name} begins at a multiple of {sizeof(T)} bytes, but got {offset}.", nameof(offset));
        return new(Handle, (nint)offset, count, count == 0 ? default : Part(offset, (long)count * sizeof(T)).Cast<T>());
    }

    public void Clear() => Call(() => buffer.MemSetToZero(device.Stream));

    public override void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        device.Forget(this);
        buffer.Dispose();
    }

    public override string ToString() => $"{what}, {bytes} bytes";

    protected override unsafe void WriteBytes(ReadOnlySpan<byte> source, long offset)
    {
        ArrayView<byte> part = Part(offset, source.Length);
        if (source.IsEmpty) return;
        if (source.Length <= SmallValueRing.MostBytes && device.WriteSmall(source, this, offset)) return;
        fixed (byte* first = source)
        {
            byte* address = first;
            Call(() => part.CopyFromCPU(device.Stream, ref *address, part.Length));
        }
    }

    protected override unsafe void ReadBytes(Span<byte> target, long offset)
    {
        ArrayView<byte> part = Part(offset, target.Length);
        if (target.IsEmpty) return;
        fixed (byte* first = target)
        {
            byte* address = first;
            Call(() => part.CopyToCPU(device.Stream, ref *address, part.Length));
        }
    }

    /// <summary>Returns a part of the memory.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes.</param>
    internal ArrayView<byte> Part(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (length == 0 && offset >= 0 && offset <= bytes) return default;
        return offset >= 0 && length <= bytes - offset
            ? buffer.View.BaseView.SubView(offset, length)
            : throw new ArgumentOutOfRangeException(
                nameof(offset), $"Memory '{what}' has {bytes} bytes, but {length} bytes at {offset} were requested.");
    }

    private void Call(Action action)
    {
        try
        {
            action();
            device.Stream.Synchronize();
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, device);
        }
    }
}
