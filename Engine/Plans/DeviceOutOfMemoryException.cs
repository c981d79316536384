namespace GpuCnn.Engine.Plans;

/// <summary>The device has not enough memory.</summary>
public sealed class DeviceOutOfMemoryException(string message, long neededBytes, long? freeBytes) : GpuCnnException(message)
{
    /// <summary>Bytes of the allocation that failed; 0 where the driver failed to provide memory asked for earlier.</summary>
    public long NeededBytes { get; } = neededBytes;

    /// <summary>Bytes that were free; null where the driver does not tell.</summary>
    public long? FreeBytes { get; } = freeBytes;

    /// <summary>Largest batch that fits, or 0; null where it is not known.</summary>
    public int? LargestBatch { get; init; }
}
