namespace GpuCnn.Engine.Sets;

/// <summary>A member of an open set, such as an optimizer, a loss or a schedule. Options and files refer to it by name.</summary>
public interface INamed
{
    /// <summary>Name in lower case with dashes, unique in the set; empty for a member that cannot be found by name.</summary>
    string Name { get; }
}
