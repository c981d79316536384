using System.Buffers;
using System.Runtime.InteropServices;

namespace GpuCnn.Protobuf;

/// <summary>The bytes of floats, which stay where they are. Little-endian, as the machines that .NET runs on.</summary>
internal sealed class FloatBytes(float[] values) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(values.AsSpan());

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin() => throw new NotSupportedException();

    protected override void Dispose(bool disposing) { }
}
