namespace GpuCnn.Engine.Plans;

/// <summary>The device does not have enough memory.</summary>
public sealed class DeviceOutOfMemoryException(string message, long neededBytes, long? freeBytes) : GpuCnnException(message)
{
    /// <summary>Bytes of the failed allocation; 0 if the driver could not provide memory allocated earlier.</summary>
    public long NeededBytes { get; } = neededBytes;

    /// <summary>Free bytes, or null if the driver does not report them.</summary>
    public long? FreeBytes { get; } = freeBytes;

    /// <summary>Largest batch that fits, or 0; null if unknown.</summary>
    public int? LargestBatch { get; init; }
}
