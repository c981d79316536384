using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace GpuCnn.Data.Jpeg;

/// <summary>Whether to keep a block's coefficients, or only to find where the next block begins. Code is compiled for each.</summary>
internal interface IBlockUse
{
    static abstract bool KeepsValues { get; }
}

internal readonly struct KeptBlock : IBlockUse
{
    public static bool KeepsValues => true;
}

internal readonly struct SkippedBlock : IBlockUse
{
    public static bool KeepsValues => false;
}

/// <summary>Decodes the Huffman-coded data of a scan, block by block.</summary>
internal sealed unsafe class EntropyReader : IDisposable
{
    /// <summary>Result for a damaged block.</summary>
    public const int Damaged = -1;

    /// <summary>Result for a block with a DC value only.</summary>
    public const int OnlyDc = 0;

    /// <summary>
    /// Zeros after a segment, more than an MCU of wrong data can read: 10 blocks of 64 codes with values, 31 bits each. The end therefore
    /// needs a check only once per MCU.
    /// </summary>
    private const int Padding = 4096;

    /// <summary>Positions in a block of the coefficients in zigzag order, and 16 more for runs that lead past the block's end.</summary>
    private static ReadOnlySpan<byte> Zigzag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
        63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
    ];

    private readonly ScratchBuffer _clean, _fixed;
    private readonly byte* _zigzag;

    /// <summary>The byte after the last marker.</summary>
    private byte* _next, _end;

    /// <summary>The coded bytes of a segment, followed by zeros. The next bits are in the high part of <see cref="_bits"/>.</summary>
    private byte* _position, _limit;

    private ulong _bits;
    private int _count;

    public EntropyReader(ScratchSource source)
    {
        _clean = new ScratchBuffer(source);
        _fixed = new ScratchBuffer(source);
        Block = (short*)_fixed.Take(64 * sizeof(short) + Zigzag.Length);
        _zigzag = (byte*)(Block + 64);
        Zigzag.CopyTo(new Span<byte>(_zigzag, Zigzag.Length));
    }

    /// <summary>[8, 8] dequantized coefficients of the last block read.</summary>
    public short* Block { get; }

    /// <summary>Whether more was read than the segment holds.</summary>
    public bool IsBeyondEnd => _position - (_count >> 3) > _limit;

    /// <summary>Starts at the coded data at <paramref name="start"/>.</summary>
    public void Start(byte* start, byte* end)
    {
        _next = start;
        _end = end;
        ReadSegment(_clean.Take(end - start + Padding));
    }

    /// <summary>Continues after a restart marker; false if there is none.</summary>
    public bool Restart()
    {
        if (_end - _next < 2 || _next[0] != 0xFF || _next[1] is not (>= 0xD0 and <= 0xD7)) return false;
        _next += 2;
        ReadSegment(_clean.Take(_end - _next + Padding));
        return true;
    }

    /// <summary>Copies the bytes up to the next marker, without the zeros stuffed after 0xFF.</summary>
    private void ReadSegment(byte* clean)
    {
        byte* from = _next, to = clean;
        while (true)
        {
            int plain = new ReadOnlySpan<byte>(from, (int)(_end - from)).IndexOf((byte)0xFF);
            if (plain < 0) plain = (int)(_end - from);
            Unsafe.CopyBlockUnaligned(to, from, (uint)plain);
            from += plain;
            to += plain;
            byte* second = from + 1;
            while (second < _end && *second == 0xFF) second++;
            if (second >= _end)
            {
                _next = _end;
                break;
            }
            if (*second != 0)
            {
                _next = second - 1;
                break;
            }
            *to++ = 0xFF;
            from = second + 1;
        }
        new Span<byte>(to, Padding).Clear();
        _position = clean;
        _limit = to;
        _bits = 0;
        _count = 0;
    }

    /// <summary>Reads one block; returns <see cref="Damaged"/>, <see cref="OnlyDc"/> or a larger number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read<TUse>(HuffmanTable dcTable, HuffmanTable acTable, ushort* quantisation, ref int prediction)
        where TUse : struct, IBlockUse
    {
        // Bits are taken from the top of a 64-bit accumulator, which is refilled to at least 56 bits before it can run out.
        ulong bits = _bits;
        int count = _count;
        byte* position = _position, zigzag = _zigzag;
        short* block = Block;
        Fill(ref bits, ref count, ref position);
        int entry = dcTable.Entries[bits >> (64 - HuffmanTable.LookUpBits)];
        int size = 0, difference = 0;
        if ((entry & 0xFF) != 0)
        {
            bits <<= entry & 0xFF;
            count -= entry & 0xFF;
            difference = entry >> 16;
            size = entry >> 8 & 15;
        }
        else
        {
            size = dcTable.LongCode(bits, out int length);
            if (size is < 0 or > 15) return Damaged;
            bits <<= length;
            count -= length;
        }
        if (size != 0) difference = Take(ref bits, ref count, size);
        prediction += difference;
        if (TUse.KeepsValues)
        {
            new Span<short>(block, 64).Clear();
            block[0] = (short)(prediction * quantisation[0]);
        }

        int* entries = acTable.Entries;
        int k = 1, result = OnlyDc;
        do
        {
            Fill(ref bits, ref count, ref position);
            entry = entries[bits >> (64 - HuffmanTable.LookUpBits)];
            // The table holds the value. Two or more values fit before bits run out.
            while ((uint)entry > 0xFFFF)
            {
                bits <<= entry;
                count -= entry & 0xFF;
                k += entry >> 12 & 15;
                if (TUse.KeepsValues) block[zigzag[k]] = (short)((entry >> 16) * quantisation[k]);
                k++;
                result = 1;
                if (k >= 64 || count < 32) goto Next;
                entry = entries[bits >> (64 - HuffmanTable.LookUpBits)];
            }
            int used = entry & 0xFF;
            if (used == 0)
            {
                int symbol = acTable.LongCode(bits, out used);
                if (symbol < 0) return Damaged;
                entry = symbol << 8;
            }
            bits <<= used;
            count -= used;
            size = entry >> 8 & 15;
            if (size == 0)
            {
                const int LongRun = 15;
                if ((entry >> 12 & 15) != LongRun) break;
                k += 16;
                continue;
            }
            k += entry >> 12 & 15;
            int value = Take(ref bits, ref count, size);
            if (TUse.KeepsValues) block[zigzag[k]] = (short)(value * quantisation[k]);
            k++;
            result = 1;
        Next:;
        }
        while (k < 64);
        if (k > 64) return Damaged;
        _bits = bits;
        _count = count;
        _position = position;
        return result;
    }

    public void Dispose()
    {
        _clean.Dispose();
        _fixed.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(ref ulong bits, ref int count, ref byte* position)
    {
        bits |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(position)) >> count;
        position += (63 - count) >> 3;
        count |= 56;
    }

    /// <summary>Takes the next bits as a signed value (F.2.2.1): values that begin with 0 are negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Take(ref ulong bits, ref int count, int size)
    {
        int isNegative = (int)(~(long)bits >> 63), value = (int)(bits >> (64 - size));
        bits <<= size;
        count -= size;
        return value + (isNegative & (-1 << size) + 1);
    }
}
