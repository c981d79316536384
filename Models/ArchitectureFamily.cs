using GpuCnn.Engine.Sets;

namespace GpuCnn.Models;

/// <summary>Architectures that one table describes, each by a few numbers of its own; <see cref="Registry"/> finds it.</summary>
public abstract class ArchitectureFamily : IArchitectureSource
{
    /// <summary>In the order in which they are listed.</summary>
    public abstract IEnumerable<Architecture> Members { get; }

    IEnumerable<Architecture> IArchitectureSource.Architectures => Members;
}

/// <summary>What the registry finds: an architecture, or a family of them.</summary>
internal interface IArchitectureSource
{
    IEnumerable<Architecture> Architectures { get; }
}
