namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>Reads bytes at an offset.</summary>
internal delegate void ReadBytesAt(Span<byte> to, long offset);

/// <summary>Reads a part of a file sequentially.</summary>
/// <param name="path">For messages.</param>
/// <param name="damaged">Makes the error from path, expected and got; null makes a PyTorch file's.</param>
internal sealed class PickleInput(
    string path, ReadBytesAt read, long begin, long end, Func<string, string, string, GpuCnnException>? damaged = null)
{
    /// <summary>Most bytes of one piece of a pickle; parameter names are far shorter.</summary>
    public const int LongestPiece = 1 << 16;

    /// <summary>Most values that calls may look at, so that a small pickle cannot ask for much time.</summary>
    private const long MostArguments = 4_000_000;

    private readonly byte[] _buffer = new byte[LongestPiece];
    private int _at, _filled;
    private long _read = begin;
    private long _arguments;

    public PickleInput(NumberFile file, long begin, long end, Func<string, string, string, GpuCnnException>? damaged = null)
        : this(file.Path, file.ReadExactly, begin, end, damaged) { }

    public string Path => path;

    /// <summary>File offset of the next byte.</summary>
    public long Position => _read - (_filled - _at);

    public byte Byte() => Bytes(1)[0];

    /// <summary>Returns the next bytes, valid until the next call.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (_filled - _at < count) Fill(count);
        _at += count;
        return _buffer.AsSpan(_at - count, count);
    }

    /// <summary>Returns the next bytes up to a line feed, and skips the line feed.</summary>
    public ReadOnlySpan<byte> Line()
    {
        int length = 0;
        while (Peek(length) != (byte)'\n')
            if (++length == LongestPiece) throw Damaged($"a line of less than {LongestPiece} bytes", "a longer one");
        return Bytes(length + 1)[..^1];
    }

    /// <summary>Skips <paramref name="count"/> bytes and returns the file offset of the first.</summary>
    public long Skip(long count)
    {
        long at = Position;
        if (count > end - at) throw Damaged($"{count} bytes at byte {at}", $"{end - at}");
        (_at, _filled, _read) = (0, 0, at + count);
        return at;
    }

    public GpuCnnException Damaged(string expected, string got) => (damaged ?? TorchFile.Damaged)(Path, expected, got);

    /// <summary>Counts values that a call looks at. A memo may hand the same list to every call.</summary>
    public void Charge(int values)
    {
        _arguments += values;
        if (_arguments > MostArguments) throw Damaged($"calls with at most {MostArguments} values in all", "more");
    }

    private byte Peek(int ahead)
    {
        if (_filled - _at <= ahead) Fill(ahead + 1);
        return _buffer[_at + ahead];
    }

    private void Fill(int count)
    {
        if (count > LongestPiece) throw Damaged($"pieces of at most {LongestPiece} bytes", $"one of {count}");
        if (count > end - Position) throw Damaged($"{count} bytes at byte {Position}", $"{end - Position}");
        int kept = _filled - _at;
        _buffer.AsSpan(_at, kept).CopyTo(_buffer);
        int more = (int)Math.Min(_buffer.Length - kept, end - _read);
        read(_buffer.AsSpan(kept, more), _read);
        (_at, _filled, _read) = (0, kept + more, _read + more);
    }
}
