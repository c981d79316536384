namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Places small values, on their way to a device, in pinned memory in turn. The caller holds a lock, and the memory of <see cref="Bytes"/>.
/// </summary>
internal struct SmallValueRing
{
    /// <summary>Larger values are not worth a second copy.</summary>
    public const int MostBytes = 16 << 10;

    public const int Bytes = 256 << 10;

    /// <summary>Parts that are used again one after the other, each once its copies have run.</summary>
    public const int Halves = 2;

    private const int Granule = 16, HalfBytes = Bytes / Halves;

    private int _used, _half;

    /// <summary>Returns the offset of the next place.</summary>
    /// <param name="bytes">At most <see cref="MostBytes"/>.</param>
    public int Take(int bytes, ISmallValueMarks marks)
    {
        if (_used + bytes > (_half + 1) * HalfBytes)
        {
            marks.Mark(_half);
            _half = (_half + 1) % Halves;
            _used = _half * HalfBytes;
            marks.Wait(_half);
        }
        int offset = _used;
        _used += (bytes + Granule - 1) / Granule * Granule;
        return offset;
    }
}

/// <summary>Says when the copies from a half of a <see cref="SmallValueRing"/> have run.</summary>
internal interface ISmallValueMarks
{
    /// <summary>Marks the copies given so far as the last from a half.</summary>
    void Mark(int half);

    /// <summary>Waits until the copies before the last mark of a half have run; it may have none yet.</summary>
    void Wait(int half);
}
