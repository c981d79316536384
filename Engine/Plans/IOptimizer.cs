namespace GpuCnn.Engine.Plans;

/// <summary>An optimizer as far as a plan knows it; devices ask it for more.</summary>
public interface IOptimizer
{
    /// <summary>Names of its slots: the runs of floats that it keeps beside the weights, a float for each.</summary>
    IReadOnlyList<string> Slots { get; }
}
