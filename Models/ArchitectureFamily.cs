using GpuCnn.Engine.Sets;

namespace GpuCnn.Models;

/// <summary>Family of architectures that share a table and differ in a few numbers; <see cref="Registry"/> finds it.</summary>
public abstract class ArchitectureFamily : IArchitectureSource
{
    /// <summary>Members in the order in which they are listed.</summary>
    public abstract IEnumerable<Architecture> Members { get; }

    IEnumerable<Architecture> IArchitectureSource.Architectures => Members;
}

/// <summary>Source of architectures that the registry finds: a single architecture or a family.</summary>
internal interface IArchitectureSource
{
    IEnumerable<Architecture> Architectures { get; }
}
