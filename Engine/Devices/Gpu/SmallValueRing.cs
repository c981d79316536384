namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Places small values, on their way to a device, in pinned memory in turn. The caller holds a lock, and the memory of <see cref="Bytes"/>.
/// </summary>
internal struct SmallValueRing
{
    /// <summary>Larger values are not worth a second copy.</summary>
    public const int MostBytes = 16 << 10;

    public const int Bytes = 256 << 10;

    private const int Granule = 16;

    private int _used;

    /// <summary>Returns the offset of the next place.</summary>
    /// <param name="bytes">At most <see cref="MostBytes"/>.</param>
    /// <param name="finish">Waits until the copies given so far have run: the first place comes next.</param>
    public int Take(int bytes, Action finish)
    {
        if (_used + bytes > Bytes)
        {
            finish();
            _used = 0;
        }
        int offset = _used;
        _used += (bytes + Granule - 1) / Granule * Granule;
        return offset;
    }
}
