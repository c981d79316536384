namespace GpuCnn.Engine.Schedules;

/// <summary>
/// Falls by half a cosine from 1 to 0, from the end of warm-up to the end of the run (Loshchilov and Hutter, 2016,
/// https://arxiv.org/abs/1608.03983).
/// </summary>
public sealed class Cosine : FixedSchedule
{
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Cosine(int warmup = 0) => Warmup = warmup;

    public override string Name => "cosine";

    protected override float FactorAt(Progress progress) =>
        (float)(0.5 * (1 + Math.Cos(Math.PI * progress.CurveStep / progress.CurveSteps)));
}
