namespace GpuCnn.Models;

/// <summary>Architectures that one table describes, each by a few numbers of its own. Found by itself, as architectures are.</summary>
public abstract class ArchitectureFamily
{
    /// <summary>In the order in which they are listed.</summary>
    public abstract IEnumerable<Architecture> Members { get; }
}
