namespace GpuCnn.Data;

/// <summary>Identifies the state of an image's source by its size and modification time.</summary>
/// <param name="Length">Size of the file in bytes.</param>
/// <param name="Changed">Ticks in UTC, combined with the image's place if several images share a file.</param>
internal readonly record struct ImageStamp(long Length, long Changed);
