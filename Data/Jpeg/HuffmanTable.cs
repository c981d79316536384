namespace GpuCnn.Data.Jpeg;

/// <summary>
/// A Huffman code of JPEG (ITU-T T.81, annexes C and F). One look-up by the next 11 bits decodes most coefficients completely: the zeros
/// before it, its value, and how many bits it took. Most files use the same tables, so an unchanged table is not rebuilt.
/// </summary>
internal sealed unsafe class HuffmanTable : IDisposable
{
    public const int LookUpBits = 11;

    private const int LongestCode = 16;

    private readonly ScratchBuffer _memory;
    private readonly int[] _largestCode = new int[LongestCode + 1], _delta = new int[LongestCode + 1];
    private readonly byte[] _counts = new byte[LongestCode], _symbols = new byte[256];
    private int _total = -1;

    public HuffmanTable(ScratchSource source)
    {
        _memory = new ScratchBuffer(source);
        Entries = (int*)_memory.Take(sizeof(int) << LookUpBits);
    }

    /// <summary>Whether the current file has defined it.</summary>
    public bool IsSet { get; set; }

    /// <summary>
    /// [2048], indexed by the next bits. An entry above 0xFFFF holds the value from bit 16 on, the zeros before it from bit 12 on, and the
    /// number of bits of code and value from bit 0 on. Other entries, whose value lies beyond the look-up or is absent, hold zeros from bit
    /// 12 on, the number of value bits from bit 8 on, and the number of code bits from bit 0 on; 0 for longer codes.
    /// </summary>
    public int* Entries { get; }

    /// <summary>Defines the code; false if it is not a valid code.</summary>
    /// <param name="counts">[16] number of codes of each length.</param>
    /// <param name="symbols">As many as all counts together.</param>
    /// <param name="hasRuns">Whether a symbol's high half counts zeros (AC), or must be 0 (DC).</param>
    public bool Define(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, bool hasRuns)
    {
        IsSet = false;
        bool isKnown = _total == symbols.Length && counts.SequenceEqual(_counts) && symbols.SequenceEqual(_symbols.AsSpan(0, _total));
        if (!isKnown && !Build(counts, symbols, hasRuns))
        {
            _total = -1;
            return false;
        }
        return IsSet = true;
    }

    private bool Build(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, bool hasRuns)
    {
        new Span<int>(Entries, 1 << LookUpBits).Clear();
        _symbols.AsSpan().Clear();
        symbols.CopyTo(_symbols);
        counts.CopyTo(_counts);
        _total = symbols.Length;
        int code = 0, next = 0;
        for (int length = 1; length <= LongestCode; length++, code <<= 1)
        {
            _delta[length] = next - code;
            if (code + counts[length - 1] > 1 << length) return false;
            for (int i = 0; i < counts[length - 1]; i++, next++, code++)
            {
                if (!hasRuns && symbols[next] > 15) return false;
                if (length <= LookUpBits) Enter(code, length, symbols[next]);
            }
            _largestCode[length] = counts[length - 1] > 0 ? code - 1 : -1;
        }
        return true;
    }

    private void Enter(int code, int length, int symbol)
    {
        int zeros = symbol >> 4, size = symbol & 15, rest = LookUpBits - length;
        for (int bits = 0; bits < 1 << rest; bits++)
        {
            int entry = zeros << 12 | size << 8 | length;
            if (size > 0 && length + size <= LookUpBits)
            {
                int value = bits >> (rest - size);
                if (value < 1 << (size - 1)) value += (-1 << size) + 1;
                entry = value << 16 | zeros << 12 | (length + size);
            }
            Entries[code << rest | bits] = entry;
        }
    }

    /// <summary>
    /// Finds the symbol of a code longer than <see cref="LookUpBits"/> at the beginning of <paramref name="bits"/>, highest bit first; -1
    /// if there is none.
    /// </summary>
    public int LongCode(ulong bits, out int length)
    {
        for (length = LookUpBits + 1; length <= LongestCode; length++)
        {
            int code = (int)(bits >> (64 - length));
            if (code <= _largestCode[length]) return _symbols[(byte)(code + _delta[length])];
        }
        return -1;
    }

    public void Dispose() => _memory.Dispose();
}
