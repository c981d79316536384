using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>Multiplies the rate by gamma at given epochs.</summary>
public sealed class MultiStep : FixedSchedule
{
    public MultiStep() { }

    /// <param name="milestones">Epochs at which the rate drops, ascending.</param>
    /// <param name="gamma">Factor of each drop.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public MultiStep(IReadOnlyList<int> milestones, float gamma = 0.1f, int warmup = 0) =>
        (Milestones, Gamma, Warmup) = (milestones, gamma, warmup);

    public override string Name => "multistep";

    [Setting("Epochs at which the rate drops.", AtLeast = 1, IsRequired = true)]
    public IReadOnlyList<int> Milestones { get; init => field = [.. Setting.Check(this, value)]; } = [];

    [Setting("Factor of each drop.", Above = 0, AtMost = 1)]
    public float Gamma { get; init => field = Setting.Check(this, value); } = 0.1f;

    protected override float FactorAt(Progress progress) => MathF.Pow(Gamma, Milestones.Count(milestone => progress.Epoch >= milestone));
}
