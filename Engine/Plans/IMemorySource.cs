namespace GpuCnn.Engine.Plans;

/// <summary>A device, as far as a plan knows it: a name and its memory.</summary>
public interface IMemorySource
{
    /// <summary>Name that selects it: <c>cpu</c>.</summary>
    string Name { get; }

    /// <summary>Memory that networks can use, in bytes.</summary>
    long MemoryBytes { get; }

    /// <summary>Bytes of arenas and parameters allocated now.</summary>
    long AllocatedBytes { get; }

    /// <summary>Bytes that can still be allocated; null if the driver does not report them.</summary>
    long? FreeBytes { get; }
}
