namespace GpuCnn.Engine.Sets;

/// <summary>A member of an open set: an optimizer, a loss, a schedule. Options and files ask for it by its name.</summary>
public interface INamed
{
    /// <summary>Lower case, with dashes; no other member of the set has it. Empty for one that is not to be found by name.</summary>
    string Name { get; }
}
