namespace GpuCnn.Data;

/// <summary>What tells that an image's source is as it was: bytes and time of the last change.</summary>
/// <param name="Length">Bytes of the file.</param>
/// <param name="Changed">Ticks, in UTC; where several images share a file, with what tells them apart.</param>
public readonly record struct ImageStamp(long Length, long Changed);
