namespace GpuCnn.Engine.Plans;

/// <summary>Steps for which the device has several algorithms, and the plan's choice.</summary>
/// <param name="Step">Index of the first of the steps in the plan.</param>
/// <param name="Problem">The computation, with all sizes that the best choice may depend on: the same text for the same problem in any
/// network.</param>
/// <param name="Algorithm">The choice, in the device's terms.</param>
/// <param name="Default">Choice of the device's fixed rule.</param>
/// <param name="Candidates">All possible choices, including the fixed rule's.</param>
public sealed record PlanChoice(int Step, string Problem, string Algorithm, string Default, IReadOnlyList<string> Candidates)
{
    /// <summary>Index past the last of the steps.</summary>
    public int End { get; init; } = Step + 1;
}
