namespace GpuCnn.Engine.Plans;

/// <summary>Steps for which the device has more than one algorithm, and the one that the plan took.</summary>
/// <param name="Step">Index of the first of the steps among the plan's.</param>
/// <param name="Problem">What is computed, with all sizes that the best choice may depend on: the same words for the same problem in any network.</param>
/// <param name="Algorithm">The choice, in the device's words.</param>
/// <param name="Default">What the device takes by its fixed rule.</param>
/// <param name="Candidates">All it could take, the fixed rule's among them.</param>
public sealed record PlanChoice(int Step, string Problem, string Algorithm, string Default, IReadOnlyList<string> Candidates)
{
    /// <summary>Past the last of the steps.</summary>
    public int End { get; init; } = Step + 1;
}
