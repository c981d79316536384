namespace GpuCnn.Engine.Plans;

/// <summary>An optimizer, as far as a plan knows it; devices need more of it.</summary>
public interface IOptimizer
{
    /// <summary>Names of its slots. A slot holds one float for each weight.</summary>
    IReadOnlyList<string> Slots { get; }
}
