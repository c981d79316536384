namespace GpuCnn.Engine.Schedules;

/// <summary>Keeps the base rate.</summary>
public sealed class Constant : FixedSchedule
{
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Constant(int warmup = 0) => Warmup = warmup;

    public override string Name => "constant";

    protected override float FactorAt(Progress progress) => 1;
}
