namespace GpuCnn.Data.Formats;

/// <summary>Concatenates the IDAT chunks of a file in memory.</summary>
internal sealed unsafe class PngDataStream : Stream
{
    private readonly byte* _content;
    private readonly IReadOnlyList<(int Start, int Length)> _parts;
    private int _part, _offset;

    /// <param name="content">The file, which must not move: unmanaged memory, or pinned by the caller.</param>
    /// <param name="parts">Positions within <paramref name="content"/>.</param>
    public PngDataStream(ReadOnlySpan<byte> content, IReadOnlyList<(int Start, int Length)> parts)
    {
        fixed (byte* start = content) _content = start;
        _parts = parts;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (_part < _parts.Count)
        {
            (int start, int length) = _parts[_part];
            int count = Math.Min(buffer.Length, length - _offset);
            if (count > 0 || buffer.IsEmpty)
            {
                new ReadOnlySpan<byte>(_content + start + _offset, count).CopyTo(buffer);
                _offset += count;
                return count;
            }
            _part++;
            _offset = 0;
        }
        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
