namespace GpuCnn.Data;

/// <summary>
/// Scales pictures as Pillow does, bit for bit (src/libImaging/Resample.c): separable, columns first with 8-bit results between the passes,
/// weights in 22-bit fixed point. Call <see cref="Prepare"/> first, which returns the part of the picture to decode; then one of the
/// others. Belongs to one thread.
/// </summary>
internal sealed unsafe class Resampler : IDisposable
{
    private readonly ScratchBuffer _narrow, _line;
    private readonly FilterTable _columns = new(), _rows = new();
    private readonly ColumnPass _columnPass;
    private readonly RowPass _rowPass;
    private Scaling _scaling;

    /// <summary>The needed rows in their new width.</summary>
    private byte* _narrowed;

    private long _narrowedStride;

    public Resampler() : this(ScratchSource.Default) { }

    internal Resampler(ScratchSource source)
    {
        _narrow = new ScratchBuffer(source);
        _line = new ScratchBuffer(source);
        _columnPass = new ColumnPass(source);
        _rowPass = new RowPass(source);
    }

    /// <summary>Computes the weights, and returns the window of the picture that they read: the part to decode.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The wanted part is empty, or leaves the scaled crop.</exception>
    public Window Prepare(in Scaling scaling, Interpolation interpolation)
    {
        Window crop = scaling.Crop;
        if (crop.Width <= 0 || crop.Height <= 0 || scaling.Width <= 0 || scaling.Height <= 0 || scaling.X < 0 || scaling.Y < 0
            || scaling.X + scaling.Width > scaling.FullWidth || scaling.Y + scaling.Height > scaling.FullHeight)
        {
            throw new ArgumentOutOfRangeException(nameof(scaling), scaling,
                "Expected a part that is not empty and lies within the scaled crop.");
        }
        _scaling = scaling;
        _columns.Fill(crop.Width, scaling.FullWidth, scaling.X, scaling.Width, interpolation);
        _rows.Fill(crop.Height, scaling.FullHeight, scaling.Y, scaling.Height, interpolation);
        return Needed;
    }

    /// <summary>Scales to bytes.</summary>
    /// <param name="source">Holds at least the window that <see cref="Prepare"/> returned.</param>
    /// <param name="isMirrored">Whether the result is mirrored left to right.</param>
    /// <param name="channels">Channels of the result: 3, or those of the source. Gray is repeated in all three.</param>
    /// <param name="target">Another picture.</param>
    public void Resize(Picture source, bool isMirrored, int channels, Picture target)
    {
        if (channels < source.Channels)
            throw new ArgumentOutOfRangeException(nameof(channels), channels,
                "A color picture needs 3 channels; make it gray before scaling.");
        target.Reset(_scaling.Width, _scaling.Height, channels);
        Narrow(source, isMirrored);
        bool repeats = channels > source.Channels;
        int bytes = _scaling.Width * source.PixelBytes;
        byte* line = _line.Take(bytes);
        for (int y = 0; y < _scaling.Height; y++)
        {
            _rowPass.Run(y, _narrowed, _narrowedStride, line, bytes);
            if (repeats) PixelRows.GrayToRgbx(new ReadOnlySpan<byte>(line, bytes), target.Row(y));
            else new ReadOnlySpan<byte>(line, bytes).CopyTo(target.Row(y));
        }
    }

    /// <summary>Scales to a network's input.</summary>
    /// <param name="source">Holds at least the window that <see cref="Prepare"/> returned.</param>
    /// <param name="isMirrored">Whether the result is mirrored left to right.</param>
    /// <param name="normalizer">Converts bytes to values.</param>
    /// <param name="target">[Height, Width, C]</param>
    public void Resize(Picture source, bool isMirrored, Normalizer normalizer, Span<float> target)
    {
        normalizer.Check(_scaling.Width, _scaling.Height, source.Channels, target.Length);
        Narrow(source, isMirrored);
        int bytes = _scaling.Width * source.PixelBytes;
        byte* line = _line.Take(bytes);
        int row = _scaling.Width * normalizer.Channels;
        fixed (float* start = target)
            for (int y = 0; y < _scaling.Height; y++)
            {
                _rowPass.Run(y, _narrowed, _narrowedStride, line, bytes);
                normalizer.WriteRow(line, source.Channels, _scaling.Width, isMirrored: false, start + (long)y * row);
            }
    }

    public void Dispose()
    {
        _narrow.Dispose();
        _line.Dispose();
        _columnPass.Dispose();
        _rowPass.Dispose();
    }

    /// <summary>The pixels that have weights.</summary>
    private Window Needed => new(
        _scaling.Crop.X + _columns.Begin, _scaling.Crop.Y + _rows.Begin, _columns.End - _columns.Begin, _rows.End - _rows.Begin);

    /// <summary>Scales the columns of all needed rows.</summary>
    private void Narrow(Picture source, bool isMirrored)
    {
        Window crop = _scaling.Crop, needed = Needed;
        if (!needed.LiesIn(source.Window))
            throw new ArgumentException($"Scaling expects a picture that holds {needed}, but got one of {source.Window}.", nameof(source));
        int pixel = source.PixelBytes;
        _columnPass.Prepare(_columns, pixel);
        _rowPass.Prepare(_rows);
        _narrowedStride = ((long)_scaling.Width * pixel + ColumnPass.Margin + 63) & ~63L;
        // One extra row, which is read with a weight of 0.
        _narrowed = _narrow.Take((needed.Height + 1) * _narrowedStride + ColumnPass.Margin) + ColumnPass.Margin;
        byte* from = source.Pixels + (long)(needed.Y - source.Y) * source.Stride + (long)(crop.X - source.X) * pixel;
        _columnPass.Run(from, source.Stride, needed.Height, isMirrored, _narrowed, _narrowedStride);
        // The picture owns the memory, which its finalizer would free.
        GC.KeepAlive(source);
    }
}
