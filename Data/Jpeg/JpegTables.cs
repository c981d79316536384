namespace GpuCnn.Data.Jpeg;

/// <summary>What the markers before the scan of a sequential JPEG state. Tables are reused from file to file.</summary>
internal sealed unsafe class JpegTables : IDisposable
{
    /// <summary>64 factors in zigzag order, followed by room for the coefficients that a damaged run skips.</summary>
    public const int QuantisationLength = 80;

    private readonly ScratchBuffer _memory;
    private readonly bool[] _isQuantised = new bool[4];

    public JpegTables(ScratchSource source)
    {
        _memory = new ScratchBuffer(source);
        Quantisation = (ushort*)_memory.Take(4 * QuantisationLength * sizeof(ushort));
        new Span<ushort>(Quantisation, 4 * QuantisationLength).Clear();
        Dc = [new(source), new(source), new(source), new(source)];
        Ac = [new(source), new(source), new(source), new(source)];
    }

    public HuffmanTable[] Dc { get; }

    public HuffmanTable[] Ac { get; }

    /// <summary>[4, 80].</summary>
    public ushort* Quantisation { get; }

    /// <summary>[<see cref="Count"/>]</summary>
    public JpegComponent[] Components { get; } = new JpegComponent[3];

    /// <summary>Number of components: 1 or 3.</summary>
    public int Count { get; private set; }

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>MCUs between restart markers; 0 for none.</summary>
    public int RestartInterval { get; private set; }

    /// <summary>Whether three components are red, green and blue rather than luma and chroma.</summary>
    public bool IsRgb { get; private set; }

    /// <summary>
    /// Reads up to the first scan. False if the file is not sequential, Huffman-coded, of 8 bits, with one or three components in one scan,
    /// or has anything else that this decoder does not know. <paramref name="scan"/> is where the coded data begins.
    /// </summary>
    public bool Read(ReadOnlySpan<byte> file, out int scan)
    {
        scan = 0;
        (Count, RestartInterval) = (0, 0);
        _isQuantised.AsSpan().Clear();
        foreach (HuffmanTable table in Dc) table.IsSet = false;
        foreach (HuffmanTable table in Ac) table.IsSet = false;
        bool isJfif = false;
        int adobe = -1, at = 2;
        while (true)
        {
            if (at + 4 > file.Length || file[at] != 0xFF) return false;
            int marker = file[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }
            int length = file[at + 2] << 8 | file[at + 3];
            if (marker is < 0xC0 or (>= 0xD0 and <= 0xD9) || length < 2 || at + 2 + length > file.Length) return false;
            ReadOnlySpan<byte> data = file.Slice(at + 4, length - 2);
            at += 2 + length;
            switch (marker)
            {
                case 0xC0 or 0xC1 when ReadFrame(data): break;
                case 0xC4 when ReadHuffman(data): break;
                case 0xDB when ReadQuantisation(data): break;
                case 0xDD when data.Length == 2: RestartInterval = data[0] << 8 | data[1]; break;
                case 0xE0: isJfif |= data.Length >= 14 && data.StartsWith("JFIF\0"u8); break;
                case 0xEE when data.Length >= 12 && data.StartsWith("Adobe"u8): adobe = data[11]; break;
                case 0xDA:
                    // Guess as libjpeg does: JFIF means luma and chroma, Adobe's marker states it, and the identifiers "RGB" mean what they
                    // say.
                    IsRgb = Count == 3 && !isJfif && (adobe == 0 || (adobe < 0
                        && Components[0].Id == 'R' && Components[1].Id == 'G' && Components[2].Id == 'B'));
                    scan = at;
                    return ReadScan(data);
                // Arithmetic coding, frames of other kinds, refused tables.
                case <= 0xDF: return false;
                // Other APPn, comments.
                default: break;
            }
        }
    }

    private bool ReadHuffman(ReadOnlySpan<byte> data)
    {
        while (data.Length >= 17)
        {
            int kind = data[0] >> 4, id = data[0] & 15, total = 0;
            ReadOnlySpan<byte> counts = data.Slice(1, 16);
            foreach (byte count in counts) total += count;
            if (kind > 1 || id > 3 || total > 256 || data.Length < 17 + total) return false;
            if (!(kind == 0 ? Dc : Ac)[id].Define(counts, data.Slice(17, total), hasRuns: kind == 1)) return false;
            data = data[(17 + total)..];
        }
        return data.IsEmpty;
    }

    private bool ReadQuantisation(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            int isWide = data[0] >> 4, id = data[0] & 15, length = 1 + 64 * (1 + isWide);
            if (isWide > 1 || id > 3 || data.Length < length) return false;
            ushort* table = Quantisation + id * QuantisationLength;
            for (int i = 0; i < 64; i++) table[i] = isWide == 0 ? data[1 + i] : (ushort)(data[1 + 2 * i] << 8 | data[2 + 2 * i]);
            _isQuantised[id] = true;
            data = data[length..];
        }
        return true;
    }

    private bool ReadFrame(ReadOnlySpan<byte> data)
    {
        const int LargestMcu = 10;
        if (Count != 0 || data.Length < 6 || data[0] != 8) return false;
        int count = data[5], blocks = 0, across = 1, down = 1;
        if (count is not (1 or 3) || data.Length != 6 + 3 * count) return false;
        (Height, Width) = (data[1] << 8 | data[2], data[3] << 8 | data[4]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> c = data.Slice(6 + 3 * i, 3);
            JpegComponent component = new() { Id = c[0], BlocksAcross = c[1] >> 4, BlocksDown = c[1] & 15, Quantisation = c[2] };
            // The only component of a gray file is not interleaved: its MCU is a block (A.2.2).
            if (count == 1) component.BlocksAcross = component.BlocksDown = 1;
            if (component.Quantisation > 3 || component.BlocksAcross is not (1 or 2 or 4) || component.BlocksDown is not (1 or 2 or 4))
                return false;
            blocks += component.BlocksAcross * component.BlocksDown;
            (across, down) = (Math.Max(across, component.BlocksAcross), Math.Max(down, component.BlocksDown));
            Components[i] = component;
        }
        if (Width == 0 || Height == 0 || blocks > LargestMcu) return false;
        for (int i = 0; i < count; i++)
        {
            ref JpegComponent c = ref Components[i];
            (c.ExpandX, c.ExpandY) = (across / c.BlocksAcross, down / c.BlocksDown);
            c.Width = (Width + c.ExpandX - 1) / c.ExpandX;
            c.Height = (Height + c.ExpandY - 1) / c.ExpandY;
        }
        Count = count;
        return true;
    }

    private bool ReadScan(ReadOnlySpan<byte> data)
    {
        if (Count == 0 || data.Length != 4 + 2 * Count || data[0] != Count) return false;
        for (int i = 0; i < Count; i++)
        {
            ref JpegComponent c = ref Components[i];
            int tables = data[2 + 2 * i];
            (c.Dc, c.Ac) = (tables >> 4, tables & 15);
            if (data[1 + 2 * i] != c.Id || c.Dc > 3 || c.Ac > 3 || !Dc[c.Dc].IsSet || !Ac[c.Ac].IsSet || !_isQuantised[c.Quantisation])
                return false;
        }
        ReadOnlySpan<byte> spectrum = data[(1 + 2 * Count)..];
        return spectrum is [0, 63, 0];
    }

    public void Dispose()
    {
        foreach (HuffmanTable table in Dc) table.Dispose();
        foreach (HuffmanTable table in Ac) table.Dispose();
        _memory.Dispose();
    }
}
