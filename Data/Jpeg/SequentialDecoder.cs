using System.Runtime.CompilerServices;

namespace GpuCnn.Data.Jpeg;

/// <summary>
/// Decodes sequential Huffman-coded JPEGs of 8 bits, gray, YCbCr or RGB, equal to libjpeg-turbo's default bit for bit (integer cosine
/// transform, fancy upsampling). Reads all blocks before the end of a window, transforms only the window's own, and reads nothing after its
/// last row. Leaves files that it is not sure of to another decoder. Allocates nothing once its memory has grown.
/// </summary>
internal sealed unsafe class SequentialDecoder : IDisposable
{
    private readonly JpegTables _tables;
    private readonly EntropyReader _entropy;
    private readonly ScratchBuffer[] _planes, _lines;
    private readonly ScratchBuffer _sums;

    public SequentialDecoder(ScratchSource source)
    {
        _tables = new JpegTables(source);
        _entropy = new EntropyReader(source);
        _planes = [new(source), new(source), new(source)];
        _lines = [new(source), new(source), new(source)];
        _sums = new ScratchBuffer(source);
    }

    /// <summary>
    /// Decodes a window. False if the file is of another kind or damaged; <paramref name="picture"/> then has arbitrary content.
    /// </summary>
    /// <param name="file">A file that <see cref="JpegFacts"/> accepts.</param>
    /// <param name="window">Within the extents of the facts.</param>
    /// <param name="picture">Receives the window.</param>
    public bool TryDecode(ReadOnlySpan<byte> file, Window window, Picture picture)
    {
        if (!BitConverter.IsLittleEndian || !_tables.Read(file, out int scan)) return false;
        if (!window.LiesIn(Window.Whole(_tables.Width, _tables.Height))) return false;
        picture.Reset(window, _tables.Count);
        int lastMcuRow = Prepare(window);
        fixed (byte* start = file)
        {
            _entropy.Start(start + scan, start + file.Length);
            return Decode(window, picture, lastMcuRow);
        }
    }

    /// <summary>Finds the blocks that a window needs, and allocates for them; returns the last row of MCUs among them.</summary>
    private int Prepare(Window window)
    {
        int last = 0;
        for (int i = 0; i < _tables.Count; i++)
        {
            ref JpegComponent c = ref _tables.Components[i];
            int aroundX = c.InterpolatesX ? 1 : 0, aroundY = c.InterpolatesY ? 1 : 0;
            c.FirstBlockX = Math.Max(0, window.X / c.ExpandX - aroundX) >> 3;
            c.LastBlockX = Math.Min(c.Width - 1, (window.Right - 1) / c.ExpandX + aroundX) >> 3;
            c.FirstBlockY = Math.Max(0, window.Y / c.ExpandY - aroundY) >> 3;
            c.LastBlockY = Math.Min(c.Height - 1, (window.Bottom - 1) / c.ExpandY + aroundY) >> 3;
            c.Prediction = 0;
            c.Stride = (c.LastBlockX - c.FirstBlockX + 1) * 8;
            c.Rows = 2 * 8 * c.BlocksDown;
            c.Plane = _planes[i].Take((long)c.Stride * c.Rows);
            last = Math.Max(last, c.LastBlockY / c.BlocksDown);
        }
        return last;
    }

    private bool Decode(Window window, Picture picture, int lastMcuRow)
    {
        ReadOnlySpan<JpegComponent> components = _tables.Components.AsSpan(0, _tables.Count);
        int across = 1, down = 1;
        bool interpolates = false;
        foreach (ref readonly JpegComponent c in components)
        {
            (across, down) = (Math.Max(across, c.BlocksAcross), Math.Max(down, c.BlocksDown));
            interpolates |= c.InterpolatesY;
        }
        int mcus = (_tables.Width + 8 * across - 1) / (8 * across), left = _tables.RestartInterval, y = window.Y;
        for (int row = 0; row <= lastMcuRow; row++)
        {
            if (!ReadMcus(row, mcus, ref left)) return false;
            // With vertical interpolation, the last row waits for the row below it.
            int end = row == lastMcuRow ? window.Bottom : Math.Min(window.Bottom, (row + 1) * 8 * down - (interpolates ? 1 : 0));
            for (; y < end; y++) WriteRow(y, window, picture);
        }
        return true;
    }

    private bool ReadMcus(int row, int mcus, ref int left)
    {
        Span<JpegComponent> components = _tables.Components.AsSpan(0, _tables.Count);
        for (int mcu = 0; mcu < mcus; mcu++)
        {
            if (_tables.RestartInterval != 0)
            {
                if (left == 0)
                {
                    if (!_entropy.Restart()) return false;
                    foreach (ref JpegComponent c in components) c.Prediction = 0;
                    left = _tables.RestartInterval;
                }
                left--;
            }
            foreach (ref JpegComponent c in components)
            {
                for (int v = 0; v < c.BlocksDown; v++)
                    for (int h = 0; h < c.BlocksAcross; h++)
                        if (!ReadBlock(ref c, mcu * c.BlocksAcross + h, row * c.BlocksDown + v)) return false;
            }
            if (_entropy.IsBeyondEnd) return false;
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool ReadBlock(ref JpegComponent c, int x, int y)
    {
        ushort* quantisation = _tables.Quantisation + c.Quantisation * JpegTables.QuantisationLength;
        HuffmanTable dc = _tables.Dc[c.Dc], ac = _tables.Ac[c.Ac];
        if (x < c.FirstBlockX || x > c.LastBlockX || y < c.FirstBlockY || y > c.LastBlockY)
            return _entropy.Read<SkippedBlock>(dc, ac, quantisation, ref c.Prediction) != EntropyReader.Damaged;
        int state = _entropy.Read<KeptBlock>(dc, ac, quantisation, ref c.Prediction);
        if (state == EntropyReader.Damaged) return false;
        byte* target = c.Plane + (long)((y * 8) & (c.Rows - 1)) * c.Stride + 8 * (x - c.FirstBlockX);
        if (state == EntropyReader.OnlyDc) InverseDct.Flat(*_entropy.Block, target, c.Stride);
        else InverseDct.Transform(_entropy.Block, target, c.Stride);
        return true;
    }

    private void WriteRow(int y, Window window, Picture picture)
    {
        byte* target = picture.Pixels + (long)(y - window.Y) * picture.Stride;
        if (_tables.Count == 1)
        {
            Unsafe.CopyBlockUnaligned(target, _tables.Components[0].Row(y) + window.X, (uint)window.Width);
            return;
        }
        ushort* sums = (ushort*)(_sums.Take(window.Width + 2 * Upsampling.Margin) + Upsampling.Margin);
        byte* first = Samples(0), second = Samples(1), third = Samples(2);
        if (_tables.IsRgb) YccToRgb.Interleave(first, second, third, (uint*)target, window.Width);
        else YccToRgb.Convert(first, second, third, (uint*)target, window.Width);

        byte* Samples(int component)
        {
            byte* line = _lines[component].Take(window.Width + 2 * Upsampling.Margin) + Upsampling.Margin;
            return Upsampling.Row(_tables.Components[component], y, window.X, window.Right, line, sums);
        }
    }

    public void Dispose()
    {
        _tables.Dispose();
        _entropy.Dispose();
        foreach (ScratchBuffer plane in _planes) plane.Dispose();
        foreach (ScratchBuffer line in _lines) line.Dispose();
        _sums.Dispose();
    }
}
