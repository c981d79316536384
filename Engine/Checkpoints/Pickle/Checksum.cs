namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>Computes the CRC-32 that zip archives use.</summary>
internal static class Checksum
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(static value =>
    {
        uint entry = (uint)value;
        for (int bit = 0; bit < 8; bit++) entry = (entry & 1) != 0 ? 0xEDB88320 ^ (entry >> 1) : entry >> 1;
        return entry;
    })];

    /// <summary>Computes the checksum of a part of a file.</summary>
    public static uint Of(NumberFile file, long offset, long length)
    {
        var chunk = new byte[(int)Math.Min(length, 1 << 16)];
        uint state = Start;
        for (long end = offset + length; offset < end; offset += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - offset));
            file.ReadExactly(part, offset);
            state = Add(state, part);
        }
        return ~state;
    }

    /// <summary>State before the first byte. The checksum is the complement of the state after the last.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>Adds bytes to a state.</summary>
    public static uint Add(uint state, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes) state = Table[(byte)(state ^ value)] ^ (state >> 8);
        return state;
    }
}
