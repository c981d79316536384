namespace GpuCnn.Engine.Plans;

/// <summary>A device as far as a plan knows it: a name and an amount of memory.</summary>
public interface IMemorySource
{
    /// <summary>The name it is asked for by: <c>cpu</c>.</summary>
    string Name { get; }

    /// <summary>Memory that networks can use, in bytes.</summary>
    long MemoryBytes { get; }

    /// <summary>Bytes of arenas and parameters that are allocated now.</summary>
    long AllocatedBytes { get; }

    /// <summary>Bytes that can still be allocated; null where the driver does not tell.</summary>
    long? FreeBytes { get; }
}
